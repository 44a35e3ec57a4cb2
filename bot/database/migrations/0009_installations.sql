-- A workspace that the app was installed in by OAuth: who the bot is there, and its tokens, sealed. Tokens without
-- `expires_at` last. Of a workspace that the app was removed from (by whatever token it was there), the row stays for an hour,
-- empty: work that was under way may store something once more, and that is cleared away, too.
create table installation (
    team text primary key,
    bot_user text not null default '',
    bot text not null default '',
    tokens bytea,
    expires_at timestamptz,
    installed_at timestamptz not null default now(),
    removed_at timestamptz,
    check ((tokens is null) = (removed_at is not null))
);

-- Installations under way: of the state that comes back with the browser, the hash.
create table oauth_state (
    hash bytea primary key,
    expires_at timestamptz not null
);
create index oauth_state_age on oauth_state (expires_at);
