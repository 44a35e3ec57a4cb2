"""Words that bounces of all systems have, whatever became of the message: courtesy, and what announces its copy."""

from __future__ import annotations

from diagnostics.patterns import linear

# What every bounce of such a system says, whatever became of the message.
COURTESY = linear(
    r"(?i)\b(?:this is an auto\w* (?:created|generated) [^.:]{1,60}[.:]"
    r"|this (?:message|e-?mail|report) (?:was|has been) (?:created|generated|sent) auto\w*[^.:]{0,60}[.:]"
    r"|this is a (?:permanent|temporary|fatal) (?:error|failure)[^.:]{0,60}[.:]|this is a warning message only[^.]{0,40}\."
    r"|you (?:do not|don['’]t) need to re-?send[^.]{0,60}\.|a message that you (?:have )?sent (?:could|has|was|is)[^.:]{0,80}[.:]"
    r"|the following address(?:\(es\)|es)? failed:|could not be delivered to one or more of its recipients\."
    r"|(?:hi[.!] )?this is the (?:qmail-send program|mail system|mailer-daemon)[^.]{0,80}(?:\.[a-z]{2,20}){0,6}\.?"
    r"|i'm afraid i wasn't able to deliver[^.:]{0,80}[.:]|sorry it didn't work out\.|i've given up\."
    r"|i'm sorry to have to (?:inform|tell) you that[^.]{0,140}\.|i'm not going to try again; [^.]{0,80}\."
    r"|sorry, we were unable to deliver your message to the following addresse?s?\."
    r"|(?:please )?do not reply[^.]{0,60}\.|for further assistance[^.]{0,120}\.|if you do so, please include[^.]{0,80}\."
    r"|message will be retried[^.]{0,40}(?:\.|$)|hi!)"
    r"|-{2,} the following addresses had [^-]{0,60}-{2,}|-{2,} transcript of session follows -{2,}"
)
# Where the copy begins: a ruled line or sentence that says so, or the copied header itself.
COPY = linear(
    r"(?i)^\W*(?:(?:this is a |the )?(?:copy of |headers? of |text of )?(?:your |the )?"
    r"(?:original|returned|undelivered|rejected|unsent) (?:message|mail|e-?mail|text)\b.{0,40}"
    r"|message headers? follows?\W*|below this line is a copy of .{0,40}|(?:this is )?a copy of (?:the|your) .{0,60}"
    r"|unsent message below\W*|message header\W*|received: (?:from|by) .*|return-path: .*)$"
)
