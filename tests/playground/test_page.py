"""The page, driven in a real browser, with the tiny bot behind it."""

from __future__ import annotations

import io
import shutil

import pytest
from PIL import Image
from playwright.async_api import async_playwright, expect

from handlers.blocks.form import entered
from tests.playground.tiny_bot import answer_blocks

CHROMIUM = shutil.which("chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]  # fmt: skip
XSS = "<img src=x onerror=\"document.title='owned'\"> <script>document.title='owned'</script>"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]


@pytest.fixture
async def page(playground, tiny_bot):
    """The page at 1280x800; it fails the test on any script error or refused resource."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = await browser.new_page(viewport={"width": 1280, "height": 800})
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        await page.goto(playground.url)
        await expect(page.locator("#channel-name")).to_have_text("# exchange")
        yield page
        await browser.close()
        assert errors == []


async def say(page, text):
    await page.locator("#composer textarea").fill(text)
    await page.keyboard.press("Enter")


async def open_thread(page):
    await page.locator("#messages .thread-link").last.click()
    return page.locator("#thread")


async def test_a_paste_is_answered_in_a_thread_and_its_button_works(page, playground, tiny_bot):
    await say(page, "TLS negotiation failed with error NoCredentials at mail.contoso.com for anna@contoso.com")
    await expect(page.locator("#messages .thread-link")).to_have_text("M1 reply")
    thread = await open_thread(page)
    answer = thread.locator(".message").last
    await expect(answer.locator("h3")).to_have_text("The certificate has no private key")
    await expect(answer.locator("b", has_text="You said")).to_be_visible()
    await expect(answer.locator("blockquote")).to_contain_text("NoCredentials at mail.contoso.com for anna@contoso.com")
    await expect(answer.locator("pre")).to_have_text("Get-Queue | fl")
    await answer.get_by_role("button", name="It helped").click()
    await expect(answer.locator(".body")).to_have_text("Glad to hear it(edited)")
    assert tiny_bot.payload("helped")["user"]["id"] == "U0ALEXRIVE"


async def test_a_confirm_dialog_can_be_refused(page, playground, tiny_bot):
    await say(page, "an error")
    thread = await open_thread(page)
    await thread.get_by_role("button", name="Restart").click()
    await expect(page.locator("#confirm")).to_contain_text("This cannot be undone.")
    await page.get_by_role("button", name="Leave it").click()
    await expect(page.locator("#confirm")).to_be_hidden()
    await thread.get_by_role("button", name="Restart").click()
    await page.get_by_role("button", name="Do it").click()
    await playground.wait_for(lambda: "restart" in tiny_bot.kinds())
    assert tiny_bot.kinds().count("restart") == 1


async def test_a_file_is_uploaded(page, playground, tmp_path):
    log = tmp_path / "SEND20261118-1.log"
    log.write_text("#Software: Microsoft Exchange Server\n" + "a line\n" * 20)
    await page.locator("#composer input[type=file]").set_input_files(log)
    await expect(page.locator("#composer .chip")).to_contain_text("SEND20261118-1.log")
    await page.locator("#composer").get_by_role("button", name="Send", exact=True).click()
    await expect(page.locator("#messages .file")).to_contain_text("+ 16 more lines")
    stored = next(iter(playground.files.values()))
    assert stored.content == log.read_bytes()
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Download").click()
    saved = tmp_path / "saved.log"
    await (await download.value).save_as(saved)
    assert saved.read_bytes() == log.read_bytes()


async def test_a_picture_is_shown_with_its_words_and_goes_with_its_file(page, playground, tiny_bot):
    ts = await playground.post("alex", "#exchange", "ping")
    drawn = io.BytesIO()
    Image.new("RGB", (320, 200), "#2b6cb0").save(drawn, "PNG")
    stored = await tiny_bot.client.files_upload_v2(
        channel="C0EXCHANGE", thread_ts=ts, filename="log.png", file=drawn.getvalue(), alt_txt="Bar chart: sessions"
    )
    thread = await open_thread(page)
    shown = thread.get_by_role("img", name="Bar chart: sessions")
    await expect(shown).to_be_visible()
    assert await shown.evaluate("(image) => image.decode().then(() => image.naturalWidth)") == 320
    await tiny_bot.client.files_delete(file=stored["files"][0]["id"])
    await expect(shown).to_have_count(0)


async def test_another_person(page, playground):
    await page.locator("#person").select_option(label="Priya Nair")
    await say(page, "ping from Priya")
    await expect(page.locator("#messages .message")).to_contain_text("Priya Nair")
    assert playground.messages("#exchange")[0]["user"] == "U0PRIYANAI"
    message = page.locator("#messages .message")
    await message.hover()
    await message.get_by_role("button", name="Edit").click()
    await message.locator("textarea").fill("ping again")
    await page.keyboard.press("Enter")
    await expect(message).to_contain_text("ping again(edited)")
    await page.locator("#person").select_option(label="Sam Okafor")
    await message.hover()
    await expect(message.get_by_role("button", name="Edit")).to_have_count(0)
    await page.locator("#person").select_option(label="Lena Hart (Northwind)")
    await expect(page.locator("#channels button")).to_have_text(["# partners"])
    await say(page, "ping from Lena")
    await expect(page.locator("#messages .message")).to_contain_text("Lena Hart (Northwind)")
    assert playground.messages("#partners")[0]["team"] == "T0NORTHWIN"


async def test_a_command_opens_a_modal_that_is_filled_in(page, playground, tiny_bot):
    await say(page, "/mailflow open")
    modal = page.locator("#modal")
    await expect(modal.locator("h2")).to_have_text("Diagnose")
    await expect(page.locator("#messages .ephemeral")).to_contain_text("Only visible to you")
    await modal.get_by_role("button", name="Go").click()
    await expect(modal.get_by_role("alert")).to_have_text("Please complete this required field.")
    await modal.get_by_label("Log").fill("bad")
    await modal.get_by_role("button", name="Go").click()
    await expect(modal.get_by_role("alert")).to_have_text("That is no log.")
    assert await modal.get_by_label("Log").input_value() == "bad"
    await modal.get_by_label("Log").fill("good")
    await modal.locator("select").select_option(label="EX02")
    await modal.get_by_role("button", name="Go").click()
    await expect(modal).to_be_hidden()
    values = tiny_bot.seen[-1][1]["view"]["state"]["values"]
    assert values["log"]["text"]["value"] == "good"
    assert values["where"]["server"]["selected_option"]["value"] == "ex02"


async def test_the_message_shortcut(page, tiny_bot):
    await say(page, "ping")
    message = page.locator("#messages .message").first
    await message.hover()
    await message.get_by_role("button", name="Diagnose mail flow").click()
    await expect(page.locator("#modal")).to_be_visible()
    await page.locator("#modal").get_by_role("button", name="Cancel").click()
    await expect(page.locator("#modal")).to_be_hidden()


async def test_the_global_shortcut_opens_a_form_that_takes_files(page, playground, tiny_bot, tmp_path):
    log = tmp_path / "bounce.msg"
    log.write_bytes(b"an item")
    await page.locator("#composer").get_by_role("button", name="Diagnose mail flow").click()
    modal = page.locator("#modal")
    await expect(modal.get_by_label("Channel", exact=False).last).to_have_value("C0EXCHANGE")
    await modal.get_by_label("In a channel").check()
    await modal.locator("select").select_option("")
    await modal.locator("input[type=file]").set_input_files(log)
    await modal.get_by_role("button", name="Diagnose").click()
    await expect(modal.get_by_role("alert")).to_contain_text("Choose the channel")
    await modal.locator("select").select_option(label="#on-call")
    await modal.get_by_role("button", name="Diagnose").click()
    await expect(modal).to_be_hidden()
    assert "channel" not in tiny_bot.payload("global")
    filled = entered(tiny_bot.seen[-1][1]["view"])
    assert (filled.channel, [file.name for file in filled.files]) == ("C0ONCALL01", ["bounce.msg"])
    assert playground.files[filled.files[0].id].content == b"an item"  # picked before the complaint, and kept


async def test_a_sample_is_played_step_by_step(page, playground):
    await page.get_by_role("button", name="Sample incidents").click()
    await expect(page.locator("#samples pre")).to_have_count(4)
    await page.get_by_role("button", name="Paste into #exchange").click()
    thread = page.locator("#thread")
    await expect(thread.locator(".next")).to_contain_text("2 of 4")
    for remaining in ("3 of 4", "4 of 4"):
        await thread.get_by_role("button", name="Paste it").click()
        await expect(thread.locator(".next")).to_contain_text(remaining)
    await thread.get_by_role("button", name="Paste it").click()
    await expect(thread.locator(".next")).to_have_count(0)
    texts = [m["text"] for m in playground.messages("#exchange") if m["user"] == "U0ALEXRIVE"]
    assert ["QUEUE.Expired" in texts[0], "NoCredentials" in texts[1]] == [True, True]
    assert "SP_PROT_TLS1_2_CLIENT" in texts[3]


async def test_hostile_text_stays_text(page, playground, tiny_bot):
    await say(page, XSS)
    await expect(page.locator("#messages .text").first).to_contain_text("<img src=x")
    evil = {"type": "mrkdwn", "text": XSS + " <javascript:alert(1)|click> `<b>`"}
    blocks = [
        {"type": "section", "text": evil},
        {"type": "header", "text": {"type": "plain_text", "text": XSS}},
        {"type": "markdown", "text": f"{XSS} [x](javascript:alert(1))"},
        {"type": "image", "image_url": "https://example.com/a.png", "alt_text": XSS},
        {"type": "table", "rows": [[{"type": "raw_text", "text": XSS}]]},
    ]
    await tiny_bot.client.chat_postMessage(channel="C0EXCHANGE", text=XSS, blocks=blocks)
    await expect(page.locator("#messages h3")).to_have_text(XSS)
    assert await page.title() == "Mailflow playground"
    assert await page.locator("#messages img, #messages script").count() == 0
    assert await page.locator('a[href^="javascript"]').count() == 0


async def test_home_and_direct_messages(page, playground, tiny_bot):
    await page.locator("#channels").get_by_role("button", name="Mailflow").click()
    await page.get_by_role("tab", name="Home").click()
    await expect(page.locator("#home h3")).to_have_text("Open cases")
    await page.get_by_role("tab", name="Messages").click()
    await say(page, "ping")
    await playground.wait_for(lambda: playground.messages("alex"))


async def test_unread_reactions_and_deletion_arrive_live(page, playground, tiny_bot):
    await playground.post("sam", "#on-call", "ping")
    await expect(page.locator("#channels .count")).to_have_text("1")
    ts = await playground.post("sam", "#exchange", "ping here")
    await tiny_bot.client.reactions_add(channel="C0EXCHANGE", timestamp=ts, name="eyes")
    await expect(page.locator("#messages .reactions")).to_contain_text("👀 1")
    await playground.delete("sam", "#exchange", ts)
    await expect(page.locator("#messages .message")).to_have_count(0)


async def test_a_permalink_opens_its_thread(page, playground, tiny_bot):
    ts = await playground.post("sam", "#on-call", "an error")
    await playground.wait_for(lambda: len(playground.thread("#on-call", ts)) == 2)
    link = await tiny_bot.client.chat_getPermalink(channel="C0ONCALL01", message_ts=ts)
    await page.goto(link["permalink"])
    await expect(page.locator("#channel-name")).to_have_text("# on-call")
    await expect(page.locator("#thread .message")).to_have_count(2)


async def test_long_texts_are_cut_until_asked_for(page, playground):
    await say(page, "ping " + "a long line of a log\n" * 200)
    text = page.locator("#messages .block .text")
    assert (await text.bounding_box())["height"] < 400
    await page.get_by_role("button", name="Show more").click()
    assert (await text.bounding_box())["height"] > 2000


async def test_it_fits_a_telephone_and_the_dark(page, playground, tiny_bot, tmp_path):
    await page.set_viewport_size({"width": 390, "height": 800})
    await page.emulate_media(color_scheme="dark")
    await say(page, "an error")
    thread = await open_thread(page)
    await expect(thread.get_by_role("button", name="It helped")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    await page.get_by_role("button", name="Close the thread").click()
    await page.get_by_role("button", name="Show the sidebar").click()
    await expect(page.locator("#person")).to_be_visible()


def test_the_blocks_of_the_tiny_bot_are_valid():
    from bot.playground.block_kit import check_blocks  # beside its one use

    assert check_blocks(answer_blocks("x")) == []
