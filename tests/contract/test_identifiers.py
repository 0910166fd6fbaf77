"""Direct identifiers: what is recognised, what is not, and that none is stored. All persons here are invented."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml

from ktss_analysis.core import InputError, StudyError
from ktss_analysis.intake import TABLES, check_study, clean_sources, read_clean, write_clean
from ktss_analysis.intake.exposure import find_exposures
from ktss_analysis.intake.identifier_headers import kind_of_header, kind_of_question
from ktss_analysis.intake.identifiers import Scrubber, name_parts, regions_of
from ktss_analysis.intake.national_ids import is_iban, national_id
from ktss_analysis.readers import ColumnInfo, read_table
from ktss_analysis.streams.cleaning import kept
from ktss_analysis.study import Study, load_study

LANGUAGES = ("en", "it", "pl", "fi", "nl", "de", "fr", "es", "pt")
SCRUBBER = Scrubber(name_parts(["Anna Rossi", "Marek Nowak", "mikko.virtanen@example.fi", "Bo"]), regions_of(LANGUAGES))

# Published examples of the issuing bodies or of their articles in encyclopaedias; none belongs to a living person.
NATIONAL = {
    "RSSMRA85T10A562S": "IT", "44051401359": "PL", "131052-308T": "FI", "111222333": "NL", "12345678Z": "ES",
    "X1234567L": "ES", "255081416802538": "FR", "86095742719": "DE", "65929970489": "DE",
}  # fmt: skip
IBANS = ("GB82 WEST 1234 5698 7654 32", "DE89370400440532013000", "FI21 1234 5600 0007 85", "NL91ABNA0417164300")


@pytest.mark.parametrize(("number", "country"), NATIONAL.items())
def test_personal_numbers_are_told_by_their_check_sign(number, country):
    assert national_id(number) == country
    assert SCRUBBER.text(f"my number {number}, please") == "my number [national id], please"
    last = number[-1]
    for other in "0123456789" if last.isdigit() else "ABCDEFHJKLMNPRSTUVWXYZ":
        if other != last:
            assert national_id(number[:-1] + other) is None, other


@pytest.mark.parametrize("number", IBANS)
def test_bank_accounts_are_told_by_their_remainder(number):
    assert is_iban(number)
    assert SCRUBBER.text(f"to {number} please") == "to [bank account] please"
    changed = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert not is_iban(changed)
    assert "[bank account]" not in SCRUBBER.text(f"to {changed} please")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Write to anna.r@example.org or anna (at) example.org!", "Write to [e-mail] or [e-mail]!"),
        ("scrivimi: anna＠example.org", "scrivimi: [e-mail]"),
        ("call +39 02 1234 5678 now", "call [phone] now"),
        ("tel. 0039 333 1234567", "tel. [phone]"),
        ("zadzwoń 501-234-567", "zadzwoń [phone]"),
        ("numero 02 69 33 44 55.", "numero [phone]."),
        ("see https://x.example/a?b=c, www.foo.example/x and linkedin.com/in/anna-r.", "see [url], [url] and [url]."),
        ("@annarossi said, @anna@mastodon.example too", "[handle] said, [handle] too"),
        ("ORCID 0000-0002-1825-0097", "ORCID [handle]"),
        ("at 192.168.10.4 or 2001:db8::ff00:42:8329", "at [IP address] or [IP address]"),
        ("I live at 52.2297, 21.0122", "I live at [coordinates]"),
        ("found at 45°28'12\"N 9°11'24\"E today", "found at [coordinates] today"),
        ("Via Giuseppe Verdi 12, Milano", "[address], Milano"),
        ("10 Downing Street; ul. Długa 5; Mannerheimintie 10 A", "[address]; [address]; [address]"),
        ("Kerkstraat 12, Hauptstraße 5, 3 rue de la Paix", "[address], [address], [address]"),
        ("born on 12 March 1980, nata il 12.03.1980", "born on [birth date], nata il [birth date]"),
        ("Anna Rossi's idea; Rossi, Nowak Marek and Mikko Virtanen", "[name] idea; [name], [name] and [name]"),
    ],
)
def test_contacts_and_names_in_free_text_become_their_kind(text, masked):
    assert SCRUBBER.text(text) == masked
    assert SCRUBBER.text(masked) == masked  # what is replaced stays replaced


@pytest.mark.parametrize(
    "text",
    ["4", "5 - Strongly agree", "1980", "S01-2", "S10-1 is unclear", "version 10.2.3.4", "1.2.3.4", "12:30:45",
     "2026-01-30 12:44:03", "submitted 12.03.2024", "Module 3 is long, 5 days", "3 000 000 euro in 2021",
     "between 1990-2024 we had 12,000 visits", "alpha 0.8123, 0.5678", "I'd rather not; use 3 or 4 examples",
     "DOI 10.1000/182", "ratio 1:2:3", "annals of rossini and the nowakowski case", "Bo", "FG1", "coder-1", "-", "",
     "Step 12 of 2024 in 2025, 30 people @ 5 tables", "The S01_relevance column"],
)  # fmt: skip
def test_answers_years_ids_versions_and_prose_are_left_alone(text):
    assert SCRUBBER.replace(text) == (text, ())


HEADERS = {
    "RecipientEmail": "e-mail", "E-Mail-Adresse": "e-mail", "adres e-mail": "e-mail", "Sähköpostiosoite": "e-mail",
    "correo electrónico": "e-mail", "endereço eletrónico": "e-mail", "courriel": "e-mail", "e-mailadres": "e-mail",
    "indirizzo e-mail": "e-mail", "IPAddress": "IP address", "ipaddr": "IP address", "adresse IP": "IP address",
    "LocationLatitude": "coordinates", "szerokość geograficzna": "coordinates", "RecipientFirstName": "name",
    "imię i nazwisko": "name", "Nome e cognome": "name", "sukunimi": "name", "achternaam": "name", "Nachname": "name",
    "prénom": "name", "apellidos": "name", "sobrenome": "name", "Name": "name", "numer telefonu": "phone",
    "Puhelinnumero": "phone", "telemóvel": "phone", "Geburtsdatum": "birth date", "date de naissance": "birth date",
    "geboortedatum": "birth date", "codice fiscale": "national id", "henkilötunnus": "national id",
    "BSN": "national id",
    "IBAN": "bank account", "Straße": "postal address", "código postal": "postal address", "LinkedIn": "profile",
    "ResponseId": "device or response id", "_uuid": "device or response id", "deviceid": "device or response id",
}  # fmt: skip


def test_headers_are_recognised_in_nine_languages_and_by_platform():
    assert {header: kind_of_header(header) for header in HEADERS} == HEADERS


def test_headers_of_answers_are_no_identifiers():
    plain = ["S01_relevance", "name of the module", "country", "role", "years in KT", "phone interviews", "id", "group",
             "speaker", "comment_id", "label", "column 7", "Q1 I name the problem", "How often do you check e-mail?",
             "version", "date", "submitted", "seconds", "language", "street skills", "item_id", "person"]  # fmt: skip
    assert {header: kind_of_header(header) for header in plain} == dict.fromkeys(plain)


def test_questions_that_ask_for_an_identifier():
    asks = {
        "Please enter your e-mail address so that we can send you the report": "e-mail",
        "What is your name? (first name and surname)": "name",
        "Indichi il Suo indirizzo e-mail per ricevere il report": "e-mail",
        "Proszę podać numer telefonu do kontaktu z nami": "phone",
    }
    assert {text: kind_of_question(text) for text in asks} == asks
    for text in ("How often do you check your e-mail in a day?", "May we contact you by e-mail after the survey?",
                 "I answer e-mail from my partners within a working day",
                 "CIE 1931 XYZ (tristimulus coordinates)"):  # fmt: skip
        assert kind_of_question(text) is None, text


def test_columns_are_recognised_by_content_and_by_question():
    people = 12
    frame = pd.DataFrame(
        {
            "a": [f"p{n}@example.org" for n in range(people)],
            "b": [f"+48 501 234 5{n:02d}" for n in range(people)],
            "c": ["1.2.3", "2.0"] * 6,
            "d": [f"{n + 1:02d}.03.{1950 + 3 * n}" for n in range(people)],
            "e": ["some words"] * 10 + ["mine is p1@example.org", "call +39 02 1234 5678"],
            "Q7": [f"Name{n}" for n in range(people)],
            "name": ["1", "4", "5"] * 4,
            "nine digits": [str(100000000 + 12347 * n) for n in range(people)],
        }
    ).astype("str")
    found = find_exposures(frame, SCRUBBER, {"Q7": ColumnInfo(text="Please enter your full name")})
    seen = {(entry.column, entry.kind, entry.evidence, entry.n_cells, entry.whole) for entry in found}
    assert seen >= {
        ("a", "e-mail", "content", people, True), ("b", "phone", "content", people, True),
        ("d", "birth date", "content", people, True), ("e", "e-mail", "content", 1, False),
        ("e", "phone", "content", 1, False), ("Q7", "name", "question", people, True),
    }  # fmt: skip
    assert {entry.column for entry in found} == {"a", "b", "d", "e", "Q7"}


def test_real_exports_show_their_platform_columns(shared):
    folder = shared / "data"
    expected = {
        "export-qualtrics-qualtRics/sample.csv": {"IPAddress", "LocationLatitude", "LocationLongitude", "ResponseID"},
    }
    for name, columns in expected.items():
        frame = read_table(folder / name).frame
        assert {entry.column for entry in find_exposures(frame, SCRUBBER)} >= columns & set(frame.columns)


# ------------------------------------------------------------------------- in a study

SECRETS = ("anna", "rossi", "nowak", "marek", "501 234 567", "501234567", "example.org", "10.20.30", "44051401359",
           "via verdi", "1980", "gb82", "52.2297")  # fmt: skip
REGISTER = (
    "e-mail;first name;surname;country;role\n"
    "a1@example.org;Anna;Rossi;IT;manager\n"
    "b2@example.org;Marek;Nowak;PL;call 501 234 567\n"
)
ANSWERS = (
    "e-mail;Full name;IP;birthday;S1_relevance;S2_relevance;Comment for anna.r@example.org;group\n"
    "a1@example.org;Anna Rossi;10.20.30.40;12.03.1980;4;a1@example.org;Anna and Nowak rang +48 501 234 567;FG1\n"
    "b2@example.org;Marek Nowak;10.20.30.41;13.03.1980;3;44051401359;see GB82 WEST 1234 5698 7654 32;x@example.org\n"
    "b2@example.org;Marek Nowak;10.20.30.41;13.03.1980;3;2;again at Via Verdi 12;x@example.org\n"
)


def make(folder: Path, **privacy: object) -> Study:
    framework = {
        "id": "toy", "version": "1.0.0", "status": "pilot", "languages": ["en"],
        "skills": [{"id": f"S{n}", "name": {"en": f"Skill {n}"}} for n in (1, 2)],
    }  # fmt: skip
    ratings = {"table": "ratings", "columns": "{target}_relevance", "target_type": "skill", "aspect": "relevance",
               "scale": [1, 4]}  # fmt: skip
    sources = [
        {"name": "register", "activity": "register", "files": ["register.csv"], "person": {"column": "e-mail"},
         "blocks": [{"table": "people", "fields": {"country": {"column": "country"}, "role": {"column": "role"}}}]},
        {"name": "review", "activity": "guide_review", "files": ["answers.csv"], "person": {"column": "e-mail"},
         "free_text": ["Comment for anna.r@example.org"],
         "blocks": [ratings, {"table": "comments", "fields": {
             "text": {"column": "birthday"}, "group_id": {"column": "group"}}}]},
    ]  # fmt: skip
    content = {
        "id": "toy", "title": "Toy", "framework": "framework.yaml", "rules": "rules.yaml", "synthetic": True,
        "privacy": {"pseudonym_key": "a-public-key-for-tests-only", **privacy}, "languages": ["en", "pl"],
        "sources": sources,
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "register.csv").write_text(REGISTER, encoding="utf-8")
    (folder / "answers.csv").write_text(ANSWERS, encoding="utf-8")
    (folder / "framework.yaml").write_text(yaml.safe_dump(framework))
    (folder / "study.yaml").write_text(yaml.safe_dump(content, allow_unicode=True))
    return load_study(folder / "study.yaml")


def everything(study: Study, folder: Path) -> str:
    clean = clean_sources(study)
    paths = write_clean(clean, folder)
    shown = "".join(path.read_text(encoding="utf-8") for path in paths if path.suffix == ".csv")
    shown += "".join(read_clean(folder, name).to_csv() for name in TABLES)
    return (shown + check_study(study).to_csv() + str(clean.notes)).casefold()


def test_no_identifier_reaches_the_private_folder(tmp_path):
    shown = everything(make(tmp_path / "in"), tmp_path / "out")
    for secret in SECRETS:
        assert secret not in shown, secret
    for mask in ("[e-mail]", "[phone]", "[name]", "[bank account]", "[national id]", "[birth date]"):
        assert mask in shown, mask


def test_without_the_scrubber_the_same_search_finds_them(tmp_path, monkeypatch):
    """Negative control of the test above."""
    monkeypatch.setattr(Scrubber, "_replaced", lambda self, text: (text, ()))
    shown = everything(make(tmp_path / "in"), tmp_path / "out")
    assert {"anna", "nowak", "501 234 567", "example.org", "44051401359", "gb82"} <= {s for s in SECRETS if s in shown}


def test_people_stay_apart_under_ids_that_were_addresses(tmp_path):
    clean = clean_sources(make(tmp_path))
    groups = clean.tables["comments"]["group_id"].dropna().unique()
    assert "FG1" in groups
    assert len(groups) == 2
    assert all(name == "FG1" or name.startswith("P") for name in groups)


def test_free_text_is_pending_and_each_replacement_is_logged(tmp_path):
    clean = clean_sources(make(tmp_path))
    assert set(clean.tables["comments"]["review"]) == {"pending"}
    log = clean.change_log[clean.change_log["rule"] == "text.identifier_masked"]
    assert len(log) == 4  # two comments with contacts, one text with a birth date per row but the repeated one
    assert {"[name]", "[phone]"} <= set(", ".join(log["after"]).split(", "))
    assert log["before"].fillna("").eq("").all()


def test_check_names_level_column_kind_count_and_what_to_do(tmp_path):
    problems = check_study(make(tmp_path))
    mine = problems[problems["rule"] == "identifier"]
    by_column = mine.drop_duplicates("column").set_index("column")
    assert by_column.loc["Full name", "level"] == "note"
    assert "not mapped" in by_column.loc["Full name", "allowed"]
    assert by_column.loc["Full name", "n_cells"] == 3
    assert by_column.loc["birthday", "level"] == "warning"
    assert "birth dates" in by_column.loc["birthday", "reason"]
    comment = mine[mine["column"] == "Comment for [e-mail]"]
    assert "a direct identifier stands in the header" in set(comment["reason"])
    assert "replaced in the text; read the text before it is released" in set(comment["allowed"])
    assert "privacy.keep" in by_column.loc["role", "allowed"]
    assert by_column.loc["role", "n_cells"] == 1


def test_a_column_is_kept_only_with_a_reason_and_the_reason_is_a_result(tmp_path):
    keep = [{"source": "register", "column": "role", "reason": "the desk asked to be called"}]
    study = make(tmp_path / "a", keep=keep)
    assert "call 501 234 567" in set(clean_sources(study).tables["people"]["role"])
    rows = kept(study)
    assert rows[["group", "reason", "label"]].to_numpy().tolist() == [["register", "role", keep[0]["reason"]]]
    problems = check_study(study)
    mine = problems[(problems["rule"] == "identifier") & (problems["column"] == "role")]
    assert set(mine["level"]) == {"note"}
    with pytest.raises(StudyError, match="at least 8"):
        make(tmp_path / "b", keep=[{"column": "role", "reason": ""}])
    with pytest.raises(StudyError, match="always becomes a pseudonym"):
        make(tmp_path / "c", keep=[{"column": "e-mail", "reason": "we like addresses"}])
    with pytest.raises(StudyError, match="no source"):
        make(tmp_path / "d", keep=[{"column": "role", "source": "x", "reason": "we like addresses"}])


def test_a_refusal_shows_no_identifier(tmp_path):
    study = make(tmp_path)
    text = (tmp_path / "study.yaml").read_text().replace("{target}_relevance", "{target}_nowhere")
    (tmp_path / "study.yaml").write_text(text)
    study = load_study(tmp_path / "study.yaml")
    with pytest.raises(InputError) as caught:
        clean_sources(study)
    assert "example.org" not in str(caught.value)
    assert "[e-mail]" in str(caught.value)
    assert "example.org" not in json.dumps(check_study(study).astype(object).to_dict("records"), default=str)
