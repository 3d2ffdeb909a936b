#include "tests/fakes/discord/page.h"

#include "fmt/format.h"

namespace spillway::fake {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kHead = R"(<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta http-equiv="refresh" content="2"><title>Fake Discord</title><link rel="icon" href="data:,"><style>
body{background:#313338;color:#dbdee1;font:15px/1.4 system-ui,sans-serif;margin:0 auto;max-width:900px;padding:16px}
h1{font-size:18px} .m{margin:0 0 20px} .t{color:#949ba4;font-size:12px} .e{background:#2b2d31;border-left:4px solid #888;
border-radius:4px;padding:10px 14px;margin-top:6px} .e h2{font-size:16px;margin:0 0 6px} .f{display:grid;
grid-template-columns:repeat(3,1fr);gap:8px} .w{grid-column:1/-1} .n{font-weight:600;font-size:13px}
pre{background:#1e1f22;padding:8px;border-radius:4px;overflow:auto;margin:4px 0;font-size:12px} img{max-width:100%;
border-radius:4px;margin-top:8px} .p{white-space:pre-wrap}</style></head><body>)";

std::string Html(const std::string& text) {
  std::string html;
  for (const char c : text) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      default:
        html += c;
    }
  }
  return html;
}

// The little of Discord's Markdown that our messages use.
std::string Marked(const std::string& text) {
  if (text.starts_with("```")) {
    const size_t line = text.find('\n');
    return fmt::format("<pre>{}</pre>", Html(text.substr(line + 1, text.rfind("```") - line - 1)));
  }
  std::string html;
  bool bold = false;
  const std::string escaped = Html(text);
  for (size_t i = 0; i < escaped.size(); ++i) {
    if (escaped[i] == '\\' && i + 1 < escaped.size()) {
      html += escaped[++i];
    } else if (escaped.compare(i, 2, "**") == 0) {
      html += bold ? "</b>" : "<b>";
      bold = !bold;
      ++i;
    } else {
      html += escaped[i];
    }
  }
  return fmt::format("<span class=p>{}</span>", html);
}

std::string EmbedHtml(const Json& embed, const std::string& picture) {
  std::string html = fmt::format("<div class=e style=\"border-color:#{:06x}\"><h2>{}</h2>",
                                 embed.value("color", 0x888888), Marked(embed.value("title", "")));
  if (embed.contains("description")) html += fmt::format("<p>{}</p>", Marked(embed["description"]));
  html += "<div class=f>";
  for (const Json& field : embed.value("fields", Json::array())) {
    html += fmt::format("<div{}><div class=n>{}</div>{}</div>", field.value("inline", false) ? "" : " class=w",
                        Html(field.value("name", "")), Marked(field.value("value", "")));
  }
  html += "</div>";
  if (!picture.empty()) html += fmt::format("<img src=\"{}\" alt=\"the book around the trigger\">", picture);
  if (embed.contains("footer")) html += fmt::format("<p class=t>{}</p>", Html(embed["footer"].value("text", "")));
  return html + "</div>";
}

}  // namespace

std::string Card(const CardView& view) {
  std::string html = fmt::format("<div class=m><div class=t>{} to {}{}</div>", Html(view.time), Html(view.target),
                                 view.edits == 0 ? "" : fmt::format(" (edited, {} times)", view.edits));
  if (view.target != "discord") return html + fmt::format("<pre>{}</pre></div>", Html(view.json.dump(2)));
  html += Marked(view.json.value("content", ""));
  for (const Json& embed : view.json.value("embeds", Json::array())) html += EmbedHtml(embed, view.picture);
  return html + "</div>";
}

std::string PageOf(size_t messages, const std::string& cards) {
  return fmt::format("{}<h1>Fake Discord: {} messages</h1>{}</body></html>", kHead, messages, cards);
}

}  // namespace spillway::fake
