// The short codes that operational messages use. Others are shown as typed.

const CODES = `+1 👍 thumbsup 👍 -1 👎 thumbsdown 👎 white_check_mark ✅ heavy_check_mark ✔️ ballot_box_with_check ☑️ x ❌
warning ⚠️ no_entry ⛔ no_entry_sign 🚫 octagonal_sign 🛑 exclamation ❗ question ❓ grey_question ❔ information_source ℹ️
rotating_light 🚨 fire 🔥 boom 💥 bug 🐛 eyes 👀 mag 🔍 mag_right 🔎 bulb 💡 wrench 🔧 hammer_and_wrench 🛠️ gear ⚙️ lock 🔒
unlock 🔓 key 🔑 closed_lock_with_key 🔐 shield 🛡️ email 📧 envelope ✉️ incoming_envelope 📨 mailbox 📫 inbox_tray 📥
outbox_tray 📤 page_facing_up 📄 paperclip 📎 memo 📝 clipboard 📋 scroll 📜 books 📚 link 🔗 file_folder 📁 calendar 📅
hourglass ⌛ hourglass_flowing_sand ⏳ stopwatch ⏱️ clock3 🕒 alarm_clock ⏰ bell 🔔 mega 📣 loudspeaker 📢 speech_balloon 💬
thread 🧵 robot_face 🤖 wave 👋 tada 🎉 raised_hands 🙌 pray 🙏 heart ❤️ point_right 👉 arrow_right ➡️ arrow_forward ▶️
arrows_counterclockwise 🔄 repeat 🔁 recycle ♻️ rocket 🚀 globe_with_meridians 🌐 satellite_antenna 📡 computer 💻
desktop_computer 🖥️ electric_plug 🔌 bar_chart 📊 chart_with_upwards_trend 📈 chart_with_downwards_trend 📉 pager 📟
telephone_receiver 📞 red_circle 🔴 large_orange_circle 🟠 large_yellow_circle 🟡 large_green_circle 🟢 large_blue_circle 🔵
white_circle ⚪ black_circle ⚫ small_blue_diamond 🔹 small_orange_diamond 🔸 new 🆕 sos 🆘 one 1️⃣ two 2️⃣ three 3️⃣ four 4️⃣
wastebasket 🗑️ microscope 🔬 test_tube 🧪 dart 🎯 package 📦 construction 🚧 sleeping 😴 thinking_face 🤔 slightly_smiling_face 🙂`;

const words = CODES.split(/\s+/);
export const EMOJI = new Map();
for (let at = 0; at + 1 < words.length; at += 2) EMOJI.set(words[at], words[at + 1]);
