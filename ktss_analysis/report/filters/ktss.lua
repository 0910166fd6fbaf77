-- Turns the blocks that ktss_analysis.display.emit writes into what each format needs:
-- numbered figures and tables, references to them, badges, callouts, skill cards, the cover.
-- Facts come from "facts.json" in the working folder (written by pandoc.py).

local stringify = pandoc.utils.stringify
local facts = (function()
  local stream = assert(io.open("facts.json", "r"))
  local text = stream:read("a")
  stream:close()
  return pandoc.json.decode(text, false)
end)()
local words = facts.words
local IS_TYPST, IS_HTML, IS_DOCX = FORMAT == "typst", FORMAT:match("^html") ~= nil, FORMAT == "docx"
local PICTURE = IS_DOCX and { "png", "svg" } or IS_HTML and { "page.svg", "svg", "png" } or { "svg", "png" }
local SYMBOLS = { keep = "●", provisional = "△", revise = "▲", drop = "■", undecided = "○" }

local function fail(message)
  error("KTSS: " .. message, 0)
end

-- Headings ---------------------------------------------------------------------------------------

-- The title is not a section; levels start at 1 and never skip one.
local function tidy_headings(doc)
  local first, n_top = nil, 0
  doc.blocks:walk({ traverse = "topdown", Header = function(h)
    first = first or h
    if h.level == 1 then n_top = n_top + 1 end
  end })
  local removed = false
  if first and first.level == 1 and (n_top == 1 or stringify(first) == facts.title) then
    local kept = pandoc.Blocks({})
    for _, block in ipairs(doc.blocks) do
      if not removed and block.t == "Header" and block.level == 1 then
        removed = true
      else
        kept:insert(block)
      end
    end
    doc.blocks = kept
  end
  local base = nil
  doc.blocks:walk({ Header = function(h) base = math.min(base or h.level, h.level) end })
  local previous = 0
  doc.blocks = doc.blocks:walk({ traverse = "topdown", Header = function(h)
    h.level = math.min(h.level - base + 1, previous + 1)
    previous = h.level
    return h
  end })
  return doc
end

-- Texts ------------------------------------------------------------------------------------------

-- Characters that the PDF's fonts lack become names in brackets; see text_safety.printable_text.
local function printable(text)
  if not text:find("[\128-\255]") then return text end
  local pieces, run, length = {}, nil, 0
  local function close()
    if not run then return end
    local script = run:match("^script: (.*)$")
    if script then
      local noun = length == 1 and " character]" or " characters]"
      table.insert(pieces, "[" .. script .. ", " .. length .. noun)
    else
      table.insert(pieces, ("[" .. run .. "]"):rep(length))
    end
    run, length = nil, 0
  end
  for _, code in utf8.codes(text) do
    local character = utf8.char(code)
    local name = facts.unprintable[character]
    if name ~= run then close() end
    if name == nil then
      table.insert(pieces, character)
    elseif name ~= "" then
      run, length = name, length + 1
    end
  end
  close()
  return table.concat(pieces)
end

local ZERO_WIDTH_SPACE = "\u{200B}"

-- Long identifiers and addresses get places to break, so that they never leave the page.
local function breakable(text, limit)
  return (text:gsub("[^ ]+", function(token)
    if utf8.len(token) <= limit then return token end
    local pieces, since = {}, 0
    for _, code in utf8.codes(token) do
      local character = utf8.char(code)
      table.insert(pieces, character)
      since = since + 1
      if (character:find("[/._%-:=?&,;|]") and since > 3) or since >= limit then
        table.insert(pieces, ZERO_WIDTH_SPACE)
        since = 0
      end
    end
    return table.concat(pieces)
  end))
end

local function quoted(text)
  return '"' .. text:gsub("\\", "\\\\"):gsub('"', '\\"'):gsub("%s+", " ") .. '"'
end

local function raw(text) return pandoc.RawBlock("typst", text) end
local function raw_inline(text) return pandoc.RawInline("typst", text) end

local function typst(content)
  local blocks = pandoc.utils.type(content) == "Inlines" and { pandoc.Plain(content) } or content
  return (pandoc.write(pandoc.Pandoc(blocks), "typst"):gsub("%s+$", ""))
end

-- A hyphen inside an identifier or an address would change it.
local function typst_word(text, limit)
  local word = pandoc.Str(breakable(text, limit))
  if not text:find("[_@/\\]") and not text:find("%.%w+%.") then return word end
  return { raw_inline("#text(hyphenate: false)["), word, raw_inline("]") }
end

-- Badges, breaks, equations -------------------------------------------------------------------------

local function style_name(kind)
  return (kind:gsub("^%l", string.upper):gsub("%-(%l)", function(c) return " " .. c:upper() end))
end

local function badge_kind(el)
  for _, class in ipairs(el.classes) do
    if class ~= "badge" then return class end
  end
  return "plain"
end

local function badge(el)
  local kind = badge_kind(el)
  local symbol = SYMBOLS[kind]
  if IS_TYPST then
    local start = "#badge(" .. quoted(kind) .. ", " .. quoted(symbol or "") .. ")["
    return pandoc.Inlines({ raw_inline(start) }) .. el.content .. { raw_inline("]") }
  end
  if symbol then
    local mark = pandoc.Span({ pandoc.Str(symbol) }, pandoc.Attr("", {}, { ["aria-hidden"] = "true" }))
    el.content = pandoc.Inlines({ IS_HTML and mark or pandoc.Str(symbol), pandoc.Str("\u{A0}") }) .. el.content
  end
  if IS_DOCX then el.attributes["custom-style"] = "Badge " .. style_name(kind) end
  return el
end

-- An equation may say how it is read aloud: [$x^2$]{alt="x squared"}; otherwise its source is the text.
local function equation(el, alt)
  local text = typst({ pandoc.Plain({ el }) })
  local start = "#[#set math.equation(alt: " .. quoted(alt or el.text) .. ");"
  return raw_inline(start .. text .. "]")
end

local function span(el)
  if el.classes:includes("line-break") then return pandoc.LineBreak() end
  if el.classes:includes("badge") then return badge(el) end
  if IS_TYPST and el.attributes.lang then
    local start = "#text(lang: " .. quoted(el.attributes.lang:match("^%a+")) .. ")["
    return pandoc.Inlines({ raw_inline(start) }) .. el.content .. { raw_inline("]") }
  end
  if IS_TYPST and el.attributes.alt and #el.content == 1 and el.content[1].t == "Math" then
    return equation(el.content[1], el.attributes.alt)
  end
end

-- Figures and tables: numbers and references --------------------------------------------------------

local numbers, identifiers = {}, {}

local function number_all(doc)
  local counts = { figure = 0, table = 0 }
  local function note(id, kind)
    counts[kind] = counts[kind] + 1
    if id ~= "" then
      if numbers[id] then fail("the label " .. id .. " is used twice") end
      numbers[id] = words[kind] .. "\u{A0}" .. counts[kind]
    end
    return words[kind] .. "\u{A0}" .. counts[kind]
  end
  doc.blocks = doc.blocks:walk({ traverse = "topdown",
    Div = function(el)
      if el.classes:includes("figure") and el.attributes.src then
        el.attributes.number = note(el.identifier, "figure")
        return el, false
      end
    end,
    Table = function(el)
      el.attributes.number = note(el.identifier, "table")
      return el, false
    end,
  })
  local function collect(el)
    if el.identifier and el.identifier ~= "" then identifiers[el.identifier] = true end
  end
  doc.blocks:walk({ Header = collect, Div = collect, Table = collect, Span = collect, Figure = collect,
    CodeBlock = collect, Code = collect, Image = collect, Link = collect })
  return doc
end

local function reference(el)
  local id = el.target:match("^#(.+)$")
  if not id then return nil end
  if not identifiers[id] then fail("a link leads to #" .. id .. ", but nothing has this label") end
  if #el.content == 0 then
    if not numbers[id] then fail("#" .. id .. " is no figure and no table: give the link a text") end
    el.content = { pandoc.Str(numbers[id]) }
  end
  return el
end

local function caption_inlines(number, inlines)
  if IS_TYPST then return inlines end
  local start = { pandoc.Strong({ pandoc.Str(number) }) }
  if #inlines > 0 then table.insert(start, IS_HTML and pandoc.Space() or pandoc.Str("\u{2002}")) end
  return pandoc.Inlines(start) .. inlines
end

local function figure(el)
  local inlines = pandoc.utils.blocks_to_inlines(el.content)
  local data = el.attributes["data-label"]
  if data then
    if not stringify(inlines):match("[.!?…]$") then inlines:insert(pandoc.Str(".")) end
    if not numbers[data] then fail("figure " .. el.identifier .. ": no table has the label " .. data) end
    inlines = inlines .. { pandoc.Space(), pandoc.Str(words.data), pandoc.Space(),
      pandoc.Link({ pandoc.Str(numbers[data]) }, "#" .. data) }
  end
  local kinds, extension = " " .. el.attributes.kinds .. " ", nil
  for _, kind in ipairs(PICTURE) do
    if not extension and kinds:find(" " .. kind .. " ", 1, true) then extension = kind end
  end
  local source, alt = el.attributes.src .. "." .. extension, el.attributes.alt
  if IS_TYPST then
    return raw("#ktss-figure(image(" .. quoted(source) .. ", alt: " .. quoted(printable(alt)) .. ", width: "
      .. el.attributes.width .. "), floats: " .. tostring(el.attributes.tall == "1") .. ", number: " .. quoted(el.attributes.number) .. ", id: "
      .. quoted(el.identifier) .. ")[" .. typst(inlines) .. "]")
  end
  -- A page of paper is smaller than a screen: there a drawing keeps the size it was made for.
  local size = IS_HTML and extension ~= "png" and {} or { width = el.attributes.width }
  local image = pandoc.Image({ pandoc.Str(alt) }, source, "", pandoc.Attr("", extension == "page.svg" and { "follows" } or {}, size))
  local caption = { long = { pandoc.Plain(caption_inlines(el.attributes.number, inlines)) } }
  if not IS_HTML then return pandoc.Figure({ pandoc.Plain({ image }) }, caption, pandoc.Attr(el.identifier)) end
  -- On a narrow screen the picture keeps a legible size and is moved sideways, by keyboard too.
  local title = el.identifier .. "-title"
  caption.long = { pandoc.Plain({ pandoc.Span(caption.long[1].content, pandoc.Attr(title)) }) }
  local scroll = pandoc.Attr("", { "figure-scroll" },
    { { "role", "group" }, { "tabindex", "0" }, { "aria-labelledby", title } })
  return pandoc.Figure({ pandoc.Div({ pandoc.Plain({ image }) }, scroll) }, caption, pandoc.Attr(el.identifier))
end

local function numbers_in(text)
  local found = {}
  for digits in (text or ""):gmatch("%d+") do table.insert(found, tonumber(digits)) end
  return found
end

local KEEP_ROWS = 13 -- a table of no more rows stays on one page
local PER_LINE = 96 -- characters of 9.5 pt across an upright page
local SHORT = 40 -- characters of a name or a short phrase
local PADDING = 2.2 -- characters of white space that a column needs

-- Widths that make the tallest cells of all columns equally tall, and how many lines that takes.
local function balanced(minimum, widest, room)
  local function widths(lines)
    local list, total = {}, 0
    for i = 1, #minimum do
      list[i] = math.max(minimum[i], math.min(widest[i], 400) * 1.12 / lines) + PADDING
      total = total + list[i]
    end
    return list, total
  end
  local low, high = 1, 400
  for _ = 1, 40 do
    local middle = (low + high) / 2
    local _, total = widths(middle)
    if total > room then low = middle else high = middle end
  end
  local list, total = widths(high)
  return list, total <= room + 0.5 and high or math.huge
end

-- Names and short phrases stay on one line where columns of prose can give way.
local function roomy(minimum, widest)
  local list, total = {}, 0
  for i = 1, #minimum do
    list[i] = widest[i] <= SHORT and widest[i] or minimum[i]
    total = total + list[i] + PADDING
  end
  return total <= PER_LINE * 0.66 and list or minimum
end

-- Column widths and type size from the longest line and the longest word of each column: the largest
-- type that keeps rows low, on an upright page if that is possible at all.
local function layout(el)
  local widest, longest = numbers_in(el.attributes.widest), numbers_in(el.attributes.longest)
  local n = #el.colspecs
  if #widest ~= n or #longest ~= n then return { size = n > 6 and 8 or 9.5 } end
  local natural, minimum = 0, {}
  for i = 1, n do
    natural = natural + widest[i] + PADDING
    minimum[i] = math.min(longest[i], 18)
  end
  if natural <= PER_LINE then return { size = 9.5, weights = widest } end
  minimum = roomy(minimum, widest)
  local best
  for _, choice in ipairs({ { 9.5, 1, 4 }, { 9, 1, 5 }, { 8.5, 1, 6 }, { 8, 1, 8 }, { 7.5, 1, 10 },
    { 8.5, 1.52, 8 }, { 8, 1.52, 12 }, { 7.5, 1.52, 1000 } }) do
    local size, page, most = choice[1], choice[2], choice[3]
    local widths, lines = balanced(minimum, widest, PER_LINE * page * 9.5 / size)
    best = { size = size, wide = page > 1, columns = widths, weights = widths }
    if lines <= most then return best end
  end
  return best
end

local ALIGN = { AlignLeft = "left", AlignRight = "right", AlignCenter = "center", AlignDefault = "left" }

-- All cells are written in one call and split again: thousands of calls would cost seconds.
local function typst_cells(cells)
  local mark, blocks = "//ktss-next-cell", pandoc.Blocks({})
  for _, cell in ipairs(cells) do
    blocks:extend(cell.contents)
    blocks:insert(raw(mark))
  end
  local texts = {}
  local text = typst(blocks) .. "\n"
  for piece in text:gmatch("(.-)" .. mark:gsub("%-", "%%-") .. "\n") do
    table.insert(texts, (piece:gsub("^%s+", ""):gsub("%s+$", "")))
  end
  return texts
end

local function typst_table(el, notes)
  local shape = layout(el)
  local columns, align = {}, {}
  for i, spec in ipairs(el.colspecs) do
    columns[i] = shape.columns and string.format("%.2ffr", shape.columns[i]) or "auto"
    align[i] = ALIGN[tostring(spec[1])] or "left"
  end
  local cells, tallest = {}, 0
  local n_head = 0
  for _, row in ipairs(el.head.rows) do
    for _, cell in ipairs(row.cells) do table.insert(cells, cell) n_head = n_head + 1 end
  end
  local rows = pandoc.List({})
  for _, body in ipairs(el.bodies) do rows:extend(body.head) rows:extend(body.body) end
  rows:extend(el.foot.rows)
  for _, row in ipairs(rows) do
    for _, cell in ipairs(row.cells) do
      table.insert(cells, cell)
      tallest = math.max(tallest, #stringify(pandoc.Div(cell.contents)))
    end
  end
  local texts = typst_cells(cells)
  if #texts ~= #cells then fail("table " .. el.identifier .. ": a cell could not be written") end
  local out = { "#ktss-table(columns: (" .. table.concat(columns, ", ") .. ",), align: ("
    .. table.concat(align, ", ") .. ",), size: " .. shape.size .. "pt, wide: " .. tostring(shape.wide == true)
    .. ", whole-rows: " .. tostring(tallest < 700) .. ", keep: " .. tostring(#rows <= KEEP_ROWS and tallest < 300) .. ", number: " .. quoted(el.attributes.number)
    .. ", id: " .. quoted(el.identifier) .. ", caption: ["
    .. typst(pandoc.utils.blocks_to_inlines(el.caption.long)) .. "], notes: ["
    .. (notes and typst(notes.content) or "") .. "],", "table.header(" }
  local function put(from, to)
    for i = from, to do table.insert(out, "[" .. texts[i] .. "],") end
  end
  put(1, n_head)
  table.insert(out, "),")
  put(n_head + 1, #texts)
  table.insert(out, ")")
  return raw(table.concat(out, "\n"))
end

-- A browser lets columns of prose shrink to one word; short columns stay on one line, long ones readable.
local function least_widths(el)
  local widest, longest, least = numbers_in(el.attributes.widest), numbers_in(el.attributes.longest), {}
  for i = 1, #widest do
    local prose = math.floor(math.min(widest[i] * 0.4, 28))
    least[i] = widest[i] <= 14 and widest[i] or math.max(math.min(longest[i], 20), prose)
  end
  return least
end

local function plain_table(el)
  local shape = layout(el)
  if el.attributes["row-header"] == "1" then
    for _, body in ipairs(el.bodies) do body.row_head_columns = 1 end
    if IS_HTML then
      for _, body in ipairs(el.bodies) do
        for _, row in ipairs(body.body) do row.cells[1].attr.attributes.scope = "row" end
      end
    end
  end
  if IS_HTML then
    local least = least_widths(el)
    for _, row in ipairs(el.head.rows) do
      for i, cell in ipairs(row.cells) do
        cell.attr.attributes.scope = "col"
        if least[i] then cell.attr.attributes.style = "min-width:calc(" .. least[i] .. "ch + 1.4rem)" end
      end
    end
  end
  local total = 0
  for _, weight in ipairs(shape.weights or {}) do total = total + weight + 2 end
  el.colspecs = el.colspecs:map(function(spec, i)
    return { spec[1], IS_DOCX and total > 0 and (shape.weights[i] + 2) / total or nil }
  end)
  if IS_DOCX and shape.size < 8.6 then
    el = el:walk({ Plain = function(plain)
      return pandoc.Div({ pandoc.Para(plain.content) }, pandoc.Attr("", {}, { ["custom-style"] = "Table Small" }))
    end })
  end
  local id = el.identifier ~= "" and el.identifier or "table-" .. el.attributes.number:match("%d+")
  local caption = caption_inlines(el.attributes.number, pandoc.utils.blocks_to_inlines(el.caption.long))
  if IS_HTML then caption = { pandoc.Span(caption, pandoc.Attr(id .. "-title")) } end
  el.caption.long = { pandoc.Plain(caption) }
  for _, name in ipairs({ "number", "row-header", "widest", "longest" }) do el.attributes[name] = nil end
  if not IS_HTML then return el end
  return pandoc.Div({ el }, pandoc.Attr("", { "table-scroll" },
    { { "role", "group" }, { "tabindex", "0" }, { "aria-labelledby", id .. "-title" } }))
end

local function table_block(el)
  local notes, body
  for _, block in ipairs(el.content) do
    if block.t == "Div" and block.classes:includes("table-note") then notes = block end
    if block.t == "Table" then body = block end
  end
  if not body then return nil end
  if IS_TYPST then return typst_table(body, notes) end
  if notes and IS_DOCX then notes.attributes["custom-style"] = "Table Note" end
  el.content = notes and { plain_table(body), notes } or { plain_table(body) }
  return el
end

-- Blocks -------------------------------------------------------------------------------------------

local WHOLE_CARD = 2600 -- characters; a longer card may not fit a page and is allowed to break

local function callout_kind(el)
  for _, kind in ipairs({ "limits", "synthetic", "note" }) do
    if el.classes:includes(kind) then return kind end
  end
  return "note"
end

local function wrapped(call, content)
  return pandoc.Blocks({ raw(call .. "[") }) .. content .. { raw("]") }
end

local function callout(el)
  local kind = callout_kind(el)
  if IS_TYPST then
    return wrapped("#callout(" .. quoted(kind) .. ", " .. quoted(words[kind]) .. ")", el.content)
  end
  local title = pandoc.Para({ pandoc.Strong({ pandoc.Str(words[kind]) }) })
  if IS_HTML then
    title = pandoc.Div({ title }, pandoc.Attr("", { "callout-title" }))
    el.attributes.role = "note"
  end
  el.content = pandoc.Blocks({ title }) .. el.content
  if IS_DOCX then el.attributes["custom-style"] = "Callout " .. style_name(kind) end
  return el
end

-- Two columns of a skill card: what the skill is, and what speaks for and against it.
local function card_columns(el)
  if not IS_TYPST then return el end
  local out = pandoc.Blocks({ raw("#card-columns([") })
  for i, column in ipairs(el.content) do
    if i > 1 then out:insert(raw("], [")) end
    out:extend(column.content)
  end
  out:insert(raw("])"))
  return out
end

-- The words over a list or a quote of a card stay on its page.
local function with_labels(blocks)
  for i, block in ipairs(blocks) do
    local below = blocks[i + 1]
    if block.t == "Para" and below and (below.t == "BulletList" or below.t == "BlockQuote") then
      blocks[i] = pandoc.Div({ block }, pandoc.Attr("", {}, { ["custom-style"] = "Skill Card Label" }))
    end
  end
  return blocks
end

local function block_div(el)
  if el.classes:includes("card-columns") then return card_columns(el) end
  if el.classes:includes("callout") then return callout(el) end
  for _, kind in ipairs({ "skill-card", "quote" }) do
    if el.classes:includes(kind) then
      if IS_TYPST and kind == "quote" then return wrapped("#quote(block: true)", el.content) end
      if IS_TYPST then
        local whole = utf8.len(stringify(el.content)) < WHOLE_CARD
        return wrapped("#skill-card(whole: " .. tostring(whole) .. ")", el.content)
      end
      if IS_DOCX then el.attributes["custom-style"] = style_name(kind) end
      if IS_DOCX and kind == "skill-card" then el.content = el.content:walk({ Blocks = with_labels }) end
      return el
    end
  end
end

-- A chapter marked {.own-page} starts and ends with a page.
local function page_break()
  if IS_TYPST then return raw("#pagebreak(weak: true)") end
  return pandoc.RawBlock("openxml", '<w:p><w:r><w:br w:type="page"/></w:r></w:p>')
end

local function own_pages(doc)
  local blocks, alone = pandoc.Blocks({}), false
  for _, block in ipairs(doc.blocks) do
    if block.t == "Header" and block.level == 1 then
      local starts = block.classes:includes("own-page")
      if not IS_HTML and (alone or starts) then blocks:insert(page_break()) end
      alone = starts
      block.classes = block.classes:filter(function(name) return name ~= "own-page" end)
    end
    blocks:insert(block)
  end
  doc.blocks = blocks
  return doc
end

-- What stands in a cover block moves to the title page.
local function take_cover(doc)
  local cover = pandoc.Blocks({})
  doc.blocks = doc.blocks:walk({ traverse = "topdown", Div = function(el)
    if el.classes:includes("cover") then
      cover:extend(el.content)
      return {}
    end
  end })
  if #cover > 0 then doc.meta.cover = pandoc.MetaBlocks(cover) end
  return doc
end

-- A list of links is a table of contents that needs no field update and works in every word processor.
local function docx_contents(doc)
  if not facts.contents then return doc end
  local counts, lines = { 0, 0 }, pandoc.Blocks({})
  doc.blocks:walk({ traverse = "topdown", Header = function(h)
    if h.level > 2 then return end
    local number = ""
    if facts.number_sections and not h.classes:includes("unnumbered") then
      counts[h.level] = counts[h.level] + 1
      if h.level == 1 then counts[2] = 0 end
      number = table.concat(counts, ".", 1, h.level) .. "\u{2002}"
    end
    local text = pandoc.Inlines({ pandoc.Str(number) }) .. h.content:walk({ Note = function() return {} end })
    lines:insert(pandoc.Div({ pandoc.Para({ pandoc.Link(text, "#" .. h.identifier) }) },
      pandoc.Attr("", {}, { ["custom-style"] = "TOC " .. h.level })))
  end })
  if #lines < 3 then return doc end
  local title = pandoc.Div({ pandoc.Para({ pandoc.Str(words.contents) }) },
    pandoc.Attr("", {}, { ["custom-style"] = "TOC Heading" }))
  doc.blocks = pandoc.Blocks({ title }) .. lines .. doc.blocks
  return doc
end

local function docx_front(doc)
  local front = pandoc.Blocks({})
  local function line(text, style)
    front:insert(pandoc.Div({ pandoc.Para({ pandoc.Str(text) }) }, pandoc.Attr("", {}, { ["custom-style"] = style })))
  end
  if facts.synthetic then line(facts.stamp .. ". " .. facts.banner, "Synthetic Banner") end
  if facts.version_line ~= "" then line(facts.version_line, "Version Line") end
  if facts.licence ~= "" then line(words.licence .. ": " .. facts.licence, "Version Line") end
  if doc.meta.cover then front:extend(doc.meta.cover) end
  doc = docx_contents(doc)
  doc.blocks = front .. doc.blocks
  doc.meta.cover = nil
  return doc
end

function Pandoc(doc)
  doc = own_pages(number_all(tidy_headings(doc)))
  if IS_TYPST then
    doc = doc:walk({
      Str = function(el) return typst_word(printable(el.text), 24) end,
      Code = function(el) el.text = breakable(printable(el.text), 24) return el end,
      CodeBlock = function(el) el.text = printable(el.text) return el end,
    })
    doc = doc:walk({ Table = function(el)
      return el:walk({ Str = function(s) return typst_word(s.text, 18) end })
    end })
  end
  doc = doc:walk({ Link = reference, Span = span })
  if IS_TYPST then doc = doc:walk({ Math = function(el) return equation(el) end }) end
  doc = doc:walk({ traverse = "topdown", Div = function(el)
    if el.classes:includes("figure") and el.attributes.src then return figure(el), false end
    if el.classes:includes("table-block") then
      local done = table_block(el)
      if done then return done, false end
    end
  end, Table = function(el)
    return IS_TYPST and typst_table(el) or plain_table(el), false
  end })
  doc = doc:walk({ Div = block_div })
  doc = take_cover(doc)
  if IS_DOCX then doc = docx_front(doc) end
  return doc
end
