"""Who may use the page's endpoints: only the page itself, at a loopback address."""

from __future__ import annotations

import aiohttp
import pytest
import re2


async def page_token(session, url):
    async with session.get(url) as response:
        policy = response.headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        return re2.search('name="playground-token" content="([^"]+)"', await response.text()).group(1)


@pytest.fixture
async def session():
    async with aiohttp.ClientSession() as session:
        yield session


async def test_the_page_carries_the_token_that_its_endpoints_want(playground, session):
    token = await page_token(session, playground.url)
    async with session.get(f"{playground.url}/client/state", headers={"X-Playground-Token": token}) as response:
        assert response.status == 200
        assert [sample["parts"] != [] for sample in (await response.json())["samples"]] == [True] * 6
    for given in ({}, {"X-Playground-Token": "guess"}):
        async with session.get(f"{playground.url}/client/state", headers=given) as response:
            assert response.status == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "attacker.example"},
        {"Origin": "https://attacker.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
    ],
)
async def test_other_websites_are_kept_out_even_with_the_token(playground, session, headers):
    token = await page_token(session, playground.url)
    body = {"user": "alex", "channel": "#exchange", "text": "forged"}
    url = f"{playground.url}/client/do/post"
    async with session.post(url, json=body, headers={"X-Playground-Token": token, **headers}) as response:
        assert response.status == 403
    assert playground.messages("#exchange") == []
    if "Host" in headers:
        async with session.get(playground.url, headers=headers) as response:
            assert response.status == 403


async def test_assets_are_only_those_of_the_page(playground, session):
    async with session.get(f"{playground.url}/page/app.js") as response:
        assert response.content_type == "text/javascript"
    for name in ("../server.py", "..%2Fserver.py", "index.html", "nothing.js"):
        async with session.get(f"{playground.url}/page/{name}") as response:
            assert response.status == 404


async def test_what_is_malformed_is_refused_plainly(playground, session):
    token = {"X-Playground-Token": await page_token(session, playground.url)}
    async with session.post(f"{playground.url}/client/do/post", json={"user": "alex"}, headers=token) as response:
        assert (response.status, (await response.json())["error"]) == (400, "invalid_arguments")
    wrong = {"user": "alex", "channel": "#nowhere", "text": "x"}
    async with session.post(f"{playground.url}/client/do/post", json=wrong, headers=token) as response:
        assert (await response.json())["error"] == "channel_not_found"
    async with session.post(f"{playground.url}/client/do/unknown", json={}, headers=token) as response:
        assert response.status == 404
