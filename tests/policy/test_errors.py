"""What somebody reads whose policy is wrong: which key, what it says, the way out."""

from __future__ import annotations

import pytest

from domain.people import Role
from policy.checks import Person
from policy.file import examine
from policy.problems import BadPolicy
from tests.policy.files import SINCE, SMALL, UNTIL, compiled, errors, look_at, warnings

OFFICE = """
[calendars.office]
zone = "Europe/Berlin"
[calendars.office.hours]
"mon-fri" = ["09:00-17:00"]
"""

TERMS = OFFICE + '[terms.default]\ncalendar = "office"\n'

RUNG = '[[terms.default.ladder]]\nat = "100%"\nact = "escalate"\nto = "lead"\n'


def route(name: str, when: str = "{}", then: str = 'team = "care"') -> str:
    return f'[[routes]]\nname = "{name}"\nwhen = {when}\n{then}\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        # Keys and values.
        ("[publik]", "publik is not a key that is known here. Did you mean 'public'?"),
        (
            "[terms.default.allowances]\nclam = '4h'",
            ("terms.default.allowances.clam is not a key that is known here. "
            "Did you mean 'claim'?"),
        ),
        (
            "[backlog]\nzzz = 1",
            "backlog.zzz is not a key that is known here. Use one of: ladders_from.",
        ),
        ("[channels.fax]\nkind = 'console'", "channels.fax.team is missing. Add it."),
        (
            "[channels.fax]\nkind = 'webhok'\nteam = 'care'",
            ("channels.fax.kind is 'webhok', but must be one of console, webhook. "
            "Did you mean 'webhook'?"),
        ),
        (
            "[channels.fax]\nkind = 'fax'\nteam = 'care'",
            "channels.fax.kind is 'fax', but must be one of console, webhook. Choose one of them.",
        ),
        (
            "[channels.fax]\nkind = 'webhook'\nteam = 'care'",
            ("channels.fax cannot be so: a webhook channel needs url, the address that posts are "
            "sent to. Correct it there."),
        ),
        (
            "[channels.fax]\nkind = 'console'\nteam = 'care'\nmax_length = 0",
            "channels.fax.max_length is 0: at least 1 is wanted. Correct it there.",
        ),
        (
            "[channels.fax]\nkind = 'console'\nteam = 'care'\nmax_length = '10'",
            "channels.fax.max_length is '10': a whole number is wanted. Correct it there.",
        ),
        (
            "[channels.fax]\nkind = 'console'\nteam = 'care'\nposts_per_second = inf",
            "channels.fax.posts_per_second is inf: a finite number is wanted. Correct it there.",
        ),
        (
            "[channels.Fax]\nkind = 'console'\nteam = 'care'",
            ("channels.Fax is no id ('Fax'). Use at most 40 of a to z, 0 to 9, - and _, beginning "
            "with a letter or digit."),
        ),
        (
            "[terms.default]\nis_public = 'yes'",
            "terms.default.is_public is 'yes': true or false is wanted. Correct it there.",
        ),
        (
            "[terms.default]\nlanguage = 'German!'",
            ("terms.default.language is 'German!': it is no language tag. Write it after BCP 47: "
            "de, en or pt-BR."),
        ),
        (
            "[backlog]\nladders_from = 2026-09-01T08:00:00",
            ("backlog.ladders_from is '2026-09-01T08:00:00': write a date, 2026-09-01, or a time "
            "with its zone, 2026-09-01T08:00:00Z. Correct it there."),
        ),
        # Spans and ladders.
        (
            "[terms.default.allowances]\nclaim = '4 hours'",
            ("terms.default.allowances.claim is '4 hours': it is no span of time; write 30m, 4h, "
            "1h30m, 2d, 1w, or ISO 8601: PT4H. Correct it there."),
        ),
        (
            "[terms.default.allowances]\nclaim = '0h'",
            "terms.default.allowances.claim is '0h' (0 s): at least 1 is wanted. Correct it there.",
        ),
        (
            "[terms.urgent.ladder]\nat = '75%'",
            "terms.urgent.ladder cannot be so: a text in quotes is wanted. Correct it there.",
        ),
        (
            RUNG.replace("100%", "soon"),
            ("terms.default.ladder[0].at is 'soon': it is no place on a ladder; write a share of "
            'the time allowed, such as "75%", or a span from the deadline, such as "-2h" or '
            '"+1d". Correct it there.'),
        ),
        (
            RUNG.replace("at =", "permille = 1\nat ="),
            ("terms.default.ladder[0] says at and permille. Say when with at alone, such as "
            'at = "75%".'),
        ),
        (
            RUNG.replace('at = "100%"', ""),
            ("terms.default.ladder[0] says neither at nor permille. Say when with at alone, such "
            'as at = "75%".'),
        ),
        (
            RUNG + RUNG + RUNG.replace("lead", "boss"),
            ("terms.default.ladder[2].to is 'boss', but must be one of team, lead, owner, "
            "approvers, reviewers, accountable, executives, manager, role, person. "
            "Choose one of them."),
        ),
        (
            RUNG.replace("lead", "person"),
            ("terms.default.ladder[0] cannot be so: person is named where, and only where, "
            'to = "person". Correct it there.'),
        ),
        (
            RUNG + "times = 3",
            ("terms.default.ladder[0] cannot be so: a rung that repeats needs every, of at least "
            "60 seconds. Correct it there."),
        ),
        (
            RUNG + RUNG.replace("100%", "50%"),
            ("terms.default.ladder[1].at comes earlier than the rung before it. Put the rungs in "
            "rising order."),
        ),
        (
            RUNG.replace("lead", "accountable"),
            ("terms.default.ladder[0].to is 'accountable', a seat that nobody can ever fill there: "
            "nobody is accountable for a case; only promises have that. Correct it there."),
        ),
        (
            ("[terms.default]\nladder = 'steap'\n"
            "[[ladders.steep]]\nat='1h'\nact='remind'\nto='lead'"),
            "terms.default.ladder is 'steap', which is not under [ladders]. Did you mean 'steep'?",
        ),
        (
            "[ladders]\nsteep = []\n[terms.default]\nladder = 'steep'",
            "ladders.steep has no rung: nobody would be told. Add one.",
        ),
        # Calendars.
        (
            "[terms.default]\ncalendar = 'ofice'" + OFFICE,
            ("terms.default.calendar is 'ofice', which is not under [calendars]. "
            "Did you mean 'office'?"),
        ),
        (
            OFFICE.replace("Berlin", "Berlim"),
            ("calendars.office.zone cannot be resolved: there is no time zone 'Europe/Berlim'. "
            "Name a zone of the IANA list; did you mean Europe/Berlin or "
                "Europe/Belfast or Europe/Paris?"),
        ),
        (
            OFFICE.replace("09:00-17:00", "09:00-09:30").replace("mon-fri", "mon"),
            "calendars.office has 30m of working time a week. Give it enough hours to work in.",
        ),
        (
            OFFICE.replace("office", "plain"),
            "calendars.plain cannot be called so: 'plain' is time without a calendar. Rename it.",
        ),
        # Decisions, limits, promises.
        (
            "[terms.default.decision]\nmode = 'all'",
            ('terms.default.decision cannot be so: mode = "all" needs approvers, the people who '
            "all must agree. Correct it there."),
        ),
        (
            "[terms.default.limits]\npause = '0s'",
            ("terms.default.limits.pause is 0s, but pauses is 3: that allows none. Set both to 0, "
            "or neither: also pauses."),
        ),
        (
            "[[terms.default.promises.ladder]]\nat = '50%'\nact = 'remind'\nto = 'accountable'",
            ("terms.default.promises.ladder has no rung at or after the due date: a broken promise "
            'would be told to nobody. Add a rung at "100%" or later.'),
        ),
        (
            "[[terms.default.promises.ladder]]\nat = '100%'\nact = 'remind'\nto = 'owner'",
            ("terms.default.promises.ladder[0].to is 'owner', a seat that nobody can ever fill "
            "there: a promise has no owner; write accountable. Correct it there."),
        ),
        # Routes.
        (
            route("a", then="team = 'cars'"),
            "routes[0].team is 'cars', which is not under [teams]. Did you mean 'care'?",
        ),
        (
            route("a", "{ channels = ['blogg'] }"),
            ("routes[0].when.channels is 'blogg', which is not under [channels]. "
            "Did you mean 'blog'?"),
        ),
        (
            route("a", "{ during = 'office' }"),
            ("routes[0].when.during is 'office', which is not under [calendars]. Add it under "
            "[calendars]."),
        ),
        (
            route("a", "{ during = 'office', outside = 'office' }") + OFFICE,
            ("routes[0].when is during and outside 'office' at once, so it never fits. Take one "
            "of them out."),
        ),
        (route("a", then=""), ("routes[0] ('a') says when, but not what then. Name a team, terms "
         "or a priority, or set quarantine = true.")),
        (
            route("a", "{ words = [' '] }"),
            "routes[0].when.words holds ' ', of which nothing is left to look for. Take it out.",
        ),
        (
            route("a", "{ words = ['bike'] }") + route("a", "{ words = ['car'] }"),
            "routes[1].name is 'a', which another route is called as well. Give each its own.",
        ),
        (
            route("a") + route("b", "{ words = ['bike'] }"),
            ("routes[1] ('b') can never be reached: 'a' fits whatever fits it. Put it before 'a', "
            "or take it out."),
        ),
        (
            route("a", then="quarantine = true"),
            ("routes[0] ('a') sets every comment apart as suspected spam. Say in when what makes "
            "one suspect."),
        ),
        # The public ledger.
        (
            "[public]\nexecutives = 'role'",
            ("public cannot be so: executives = 'role' hides more than staff = 'first_name'; "
            "executives cannot be exempted alone. Correct it there."),
        ),
        (
            "[public]\nexecutive_figures = 'nobody'",
            ("public cannot be so: executive_figures = 'nobody' hides more than staff_figures = "
            "'staff'; executives cannot be exempted alone. Correct it there."),
        ),
        # Said twice.
        (
            "[allowances]\nclaim = '4h'\n[terms.default]\npriority = 'low'",
            ("allowances is said twice: here and in [terms.default]. "
            "Move it to terms.default.allowances."),
        ),
        # People.
        (
            "[people.ada]\nroles = ['king']",
            ("people.ada.roles[0] is 'king', but must be one of staff, executive, auditor, admin, "
            "service. Choose one of them."),
        ),
        ("[people.ada]\nteams = ['care']", ('people.ada has no roles, so could do nothing. '
         'Say roles = ["staff"].')),
        (
            "[people.ada]\nroles = ['staff']\nzone = 'Berlin'",
            (
                "people.ada.zone is 'Berlin': there is no such time zone. Name one of the IANA "
                "list, such as Europe/Berlin."
            ),
        ),
        (
            "[people.ada]\nroles = ['staff']\nname = 'Ada'",
            ("people.ada.name is not a key that is known here. Use one of: hours, leads, manager, "
            "roles, teams, zone."),
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_key_its_value_and_the_way_out(text: str, told: str) -> None:
    assert told in errors(SMALL + text)


def test_a_team_that_nobody_knows_is_told_once_however_it_is_spelt() -> None:
    text = SMALL.replace('team = "care"', 'team = "cars"')
    assert errors(text) == [
        "channels.blog.team is 'cars', which is not under [teams]. Did you mean 'care'?"
    ]


def test_everything_that_is_wrong_is_told_at_once() -> None:
    """Shape, spans, references and routes: nobody corrects one to be told the next."""
    told = errors(
        SMALL.replace('team = "care"', 'team = "cars"')
        + "[terms.default]\ncalendar = 'none'\n"
        + "[terms.other]\nwhat = 1\n[terms.default.allowances]\nclaim = 'x'\npropose = '0s'\n"
        + route("a")
        + route("b", then="terms = 'other'")
    )
    paths = [error.split(" ")[0] for error in told]
    assert "channels.blog.team" in paths
    assert "terms.other.what" in paths
    assert "terms.default.allowances.claim" in paths
    assert "routes[1]" in paths


def test_what_is_broken_itself_is_not_told_again_where_it_is_named() -> None:
    told = errors(SMALL + "[terms.urgent]\nx = 1\n" + route("a", then="terms = 'urgent'"))
    assert told == [("terms.urgent.x is not a key that is known here. "
                    "Use one of: allowances, calendar, decision, is_public, ladder, language, "
                    "limits, priority, promises, replies.")]  # fmt: skip


def test_each_mistake_has_its_line() -> None:
    text = (
        '[teams]\ncare = "Care"\n\n[channels.blog]\nkind = "console"\nteam = "cars"\n'
        "[terms.default]\nallowances = { claim = '0s' }\n" + RUNG + RUNG.replace("100%", "1%")
    )
    found = {str(p).split(" ")[0]: p.line for p in look_at(text).errors}
    assert found == {
        "channels.blog.team": 6,
        "terms.default.allowances.claim": 8,
        "terms.default.ladder[1].at": 14,
    }
    assert list(found.values()) == [6, 8, 14], "in the order of the file"


def test_what_is_no_toml_is_told_with_its_line() -> None:
    with pytest.raises(BadPolicy) as caught:
        examine(SMALL + "[terms\n", SINCE, UNTIL)
    (problem,) = caught.value.problems
    assert problem.line == 8
    assert str(problem).startswith("This is not TOML: Expected ']'")


def test_a_mistake_in_what_is_inherited_is_told_where_it_is_written() -> None:
    text = SMALL + TERMS + "[terms.default.allowances]\nclaim = '0s'\n[terms.urgent]\n"
    assert errors(text) == [
        "terms.default.allowances.claim is '0s' (0 s): at least 1 is wanted. Correct it there."
    ]


# What is most likely not meant. --------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", None),
        ("[teams]\nshop = 'Shop'\ncare = 'Care'\n[channels.blog]\nkind='console'\nteam='care'",
         "teams.shop is reached by no channel and no route"),
        (OFFICE, "calendars.office is used by no terms and no route"),
        ("[[ladders.steep]]\nat='1h'\nact='remind'\nto='lead'",
         "ladders.steep is used by no terms"),
        ("[terms.default]\nis_public = false", "nothing at all would be on the public ledger"),
        ("[terms.default.replies]\ngate = false", "terms.default.replies.gate is false"),
        ("[terms.default.promises]\nconfirm = 0", "terms.default.promises.confirm is 0"),
        ("[terms.default.limits]\npause = '90d'", "stand still for 270 days"),
        (TERMS + "[terms.default.allowances]\nclaim = '6w'",
         "terms.default.allowances.claim comes to 42 days in the hours of 'office'"),
        ("[channels.hook]\nkind = 'webhook'\nteam = 'care'\nurl = 'http://a.example'",
         "channels.hook.url is not encrypted on its way"),
        ("[channels.hook]\nkind = 'webhook'\nteam = 'care'\nurl = 'https://a.example'",
         "channels.hook has no find_url"),
    ],
)  # fmt: skip
def test_a_warning_keeps_nothing_from_being_applied(text: str, told: str | None) -> None:
    whole = text if text.startswith("[teams]") else SMALL + text
    compiled(whole)
    said = warnings(whole)
    assert any(told in warning for warning in said) if told else said == []


def test_while_entries_are_broken_nothing_is_said_to_be_unused() -> None:
    text = SMALL + OFFICE + "[terms.default]\ncalendar = 'office'\nx = 1\n"
    assert len(errors(text)) == 1
    assert warnings(text) == []


# People. -------------------------------------------------------------------------------------

ADA = Person(frozenset({Role.STAFF}), frozenset({"care"}))
BEN = Person(frozenset({Role.STAFF}), frozenset({"care"}), frozenset({"care"}))
CORA = Person(frozenset({Role.EXECUTIVE}))
GONE = Person(frozenset({Role.EXECUTIVE}), is_active=False)
EVERYBODY = {"ada": ADA, "ben": BEN, "cora": CORA, "gil": GONE}


def decided_by(*names: str) -> str:
    return f"{SMALL}[terms.default.decision]\nmode = 'all'\napprovers = {list(names)}\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (decided_by("corra"), ("terms.default.decision.approvers names 'corra', whom nobody knows. "
         "Did you mean 'cora'?")),
        (decided_by("ada"), ("terms.default.decision.approvers names 'ada', who is no executive "
         "and may not decide. Name an executive, or give them that role.")),
        (decided_by("gil"), ("terms.default.decision.approvers names 'gil', who has left. "
         "Name somebody else.")),
        (SMALL + "[terms.default.decision]\nmode = 'some'\nneeded = 2",
         "terms.default.decision.needed is 2, but no more than 1 may decide. Ask for fewer."),
        (SMALL + RUNG.replace('"lead"', '"person"\nperson = "adda"'),
         "terms.default.ladder[0].person is 'adda', who is not there. Did you mean 'ada'?"),
        (SMALL + "[people.gil]\nroles = ['staff']", ("people.gil has left. Take the table out; "
         "whoever is back is added with: people add gil.")),
        (SMALL + "[people.ada]\nroles = ['staff']\nmanager = 'bem'",
         "people.ada.manager is 'bem', whom nobody knows. Did you mean 'ben'?"),
        (SMALL + "[people.ada]\nroles = ['staff']\nmanager = 'ada'",
         "people.ada.manager is themselves. Name somebody else."),
        (SMALL + "[people.ada]\nroles = ['staff']\nteams = ['cares']",
         "people.ada.teams is 'cares', which is not under [teams]. Did you mean 'care'?"),
    ],
)  # fmt: skip
def test_people_who_cannot_do_it_are_told(text: str, told: str) -> None:
    assert told in errors(text, EVERYBODY)


@pytest.mark.rule(4)
@pytest.mark.parametrize(
    ("people", "told"),
    [
        ({"ada": ADA, "cora": CORA}, ("terms.default.ladder[0].to is 'lead', but the team 'care' "
         "has no lead. Add somebody.")),
        ({"ada": ADA, "ben": BEN}, ("terms.default.decision needs an executive, and there is none "
         "yet. Add one: people add ID --role executive.")),
    ],
)  # fmt: skip
def test_a_seat_that_is_empty_now_is_a_warning(people: dict[str, Person], told: str) -> None:
    assert told in warnings(SMALL + RUNG, people)


def test_people_of_the_file_count_as_they_will_be() -> None:
    text = decided_by("zoe") + "[people.zoe]\nroles = ['executive']\n"
    assert errors(text, EVERYBODY) == []


def test_before_there_are_people_nothing_is_said_about_them() -> None:
    assert errors(decided_by("zoe"), {}) == []
    assert errors(decided_by("zoe")) == []
