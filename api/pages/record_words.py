"""What the record calls things: acts, kinds, outcomes, what was checked, what Temporal says.

Everything is said when it is asked for, in the language of whoever asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from api.pages import times
from api.pages.house import PEOPLE
from api.pages.labels import ROLE_NAMES
from domain.house import HOUSE
from intake.past import PastEvent
from store import record
from store.record_views import Check, Search
from texts import gettext as _
from texts import ngettext, numbers


def kinds() -> dict[str, str]:
    return {
        "escalation": _("Cases"),
        "post": _("Posts"),
        "commitment": _("Promises"),
        "matter": _("Matters"),
        HOUSE: _("The house itself"),
    }


def one_of(kind: str) -> str:
    """What one of a kind is called."""
    return {
        "escalation": _("Case"),
        "post": _("Post"),
        "commitment": _("Promise"),
        "matter": _("Matter"),
        HOUSE: _("The house"),
    }.get(kind, kind)


def owed_within(move: str) -> str:
    """What the time is for that the terms give to a move."""
    return {
        "claim": _("Time to claim it"),
        "propose": _("Time to propose an answer"),
        "decide": _("Time to decide"),
        "reply": _("Time to reply"),
        "listen": _("Time to listen"),
    }.get(move, move)


def outcomes() -> dict[str, str]:
    """Every outcome that an address may ask for."""
    return {
        "open": _("Still open"),
        "answered": _("Answered"),
        "refused": _("Refused"),
        "dismissed": _("Dismissed"),
        "merged": _("Merged with another case"),
        "withdrawn": _("Taken back by the commenter"),
        "moved_to_private": _("Moved to private"),
        "answered_outside": _("Answered on the channel itself"),
        "promise_open": _("Promise: open"),
        "promise_kept": _("Promise: kept"),
        "promise_renegotiated": _("Promise: renegotiated in time and kept"),
        "promise_kept_late": _("Promise: kept late"),
        "promise_broken": _("Promise: broken"),
        "promise_withdrawn": _("Promise: withdrawn"),
        "post_published": _("Post: published"),
        "post_failed": _("Post: failed"),
        "post_unconfirmed": _("Post: unconfirmed"),
        "post_returned": _("Post: returned to its writer"),
        "post_withdrawn": _("Post: withdrawn"),
    }


# Acts. ----------------------------------------------------------------------------------------


def acts(*, with_house: bool) -> list[tuple[str, list[tuple[str, str]]]]:
    """Every act to choose from, by kind; several of one sort together come first."""
    names = act_names()
    found = [(_("Several at once"), _by_name(groups()))]
    for kind, told in groupby(record.acts(), key=lambda name: name.partition(":")[0]):
        if kind != HOUSE or with_house:
            found.append((kinds()[kind], _by_name({name: names.get(name, name) for name in told})))
    return found


def _by_name(named: Mapping[str, str]) -> list[tuple[str, str]]:
    return sorted(named.items(), key=lambda item: item[1].casefold())


def act(name: str) -> str:
    """What one act is called."""
    return (act_names() | groups()).get(name, name)


def groups() -> dict[str, str]:
    """Sorts of acts that are often looked for together."""
    return {
        "escalation:decision": _("Every decision on a case"),
        "escalation:owner": _("Every change of owner"),
        "escalation:clock": _("Everything done to a clock"),
        "escalation:ladder": _("Every reminder about a case"),
        "commitment:date": _("Everything about the date of a promise"),
        "matter:decision": _("Every decision on a matter"),
    }


def act_names() -> dict[str, str]:
    return {**_coming_in(), **_deciding(), **_answering(), **_timing(), **_posts(), **_promises(),
            **_dates(), **_matters(), **_house()}  # fmt: skip


def _coming_in() -> dict[str, str]:
    return {
        "escalation:conversation:opened": _("A comment opened a case"),
        "escalation:comment:joined": _("Another comment came"),
        "escalation:comment:revised": _("A comment was changed"),
        "escalation:comment:removed": _("A comment was taken back"),
        "escalation:stage:reopened": _("It was to be answered again"),
        "escalation:owner:claimed": _("Claimed"),
        "escalation:owner:released": _("Given back to the team"),
        "escalation:owner:assigned": _("Assigned"),
        "escalation:owner:declined": _("Assignment declined"),
        "escalation:owner:renewed": _("Claim renewed"),
        "escalation:owner:lost": _("Owner lost it"),
        "escalation:case:dismissed": _("Dismissed"),
        "escalation:case:held": _("Set apart for a second look"),
        "escalation:case:looked_at": _("Looked at a second time"),
        "escalation:case:rerouted": _("Sent to another team"),
        "escalation:case:merged": _("Merged with another case"),
        "escalation:case:answered_outside": _("Found answered on the channel itself"),
        "escalation:case:moved_to_private": _("Moved to private"),
        "escalation:case:closed": _("Case closed"),
        "escalation:note:written": _("Note written"),
    }


def _deciding() -> dict[str, str]:
    return {
        "escalation:proposal:submitted": _("Decision asked for"),
        "escalation:proposal:withdrawn": _("Proposal withdrawn"),
        "escalation:decision:approved": _("Approved"),
        "escalation:decision:refused": _("Refused"),
        "escalation:decision:returned": _("Returned for changes"),
        "escalation:decision:voted": _("Spoke, with others still to speak"),
        "escalation:decision:asked": _("Information asked for"),
        "escalation:decision:informed": _("Information given"),
        "escalation:decision:bypassed": _("Approved without the others"),
        "escalation:decision:made_alone": _("Decided by the owner alone"),
        "escalation:approver:added": _("One more approver asked"),
        "escalation:approver:replaced": _("Approver replaced"),
        "escalation:promise:accepted": _("Promise accepted before it was made"),
        "escalation:promise:countered": _("Another date offered for a promise"),
        "escalation:promise:declined": _("Promise declined"),
    }


def _answering() -> dict[str, str]:
    return {
        "escalation:reply:submitted": _("Reply submitted"),
        "escalation:reply:held": _("Reply waits for a promise to be accepted"),
        "escalation:reply:recalled": _("Waiting words taken back"),
        "escalation:reply:settled": _("Became known how publishing the reply ended"),
        "escalation:holding:submitted": _("Holding reply submitted"),
        "escalation:holding:settled": _("Became known how the holding reply ended"),
        "escalation:matter:joined": _("Put into a matter"),
        "escalation:matter:left": _("Taken out of its matter"),
        "escalation:matter:served": _("Answered with its matter"),
    }


def _timing() -> dict[str, str]:
    return {
        "escalation:ladder:climbed": _("Reminder about a case"),
        "escalation:ladder:watched": _("Told that a case is still open"),
        "escalation:clock:started": _("Clock started"),
        "escalation:clock:paused": _("Clock paused"),
        "escalation:clock:resumed": _("Clock went on"),
        "escalation:clock:extended": _("More time given"),
        "escalation:clock:moved": _("Newer calendar accepted"),
    }


def _posts() -> dict[str, str]:
    return {
        "post:words:submitted": _("Words taken in"),
        "post:words:cleared": _("Words cleared"),
        "post:words:held": _("Words held for a while"),
        "post:comment:heard": _("The commenter spoke meanwhile"),
        "post:clearance:voided": _("Clearance voided"),
        "post:words:returned": _("Words returned to their writer"),
        "post:words:withdrawn": _("Words withdrawn"),
        "post:attempt:started": _("Publishing began"),
        "post:attempt:deferred": _("Publishing put off"),
        "post:attempt:unclear": _("Unclear whether it arrived"),
        "post:search:started": _("Channel asked whether it arrived"),
        "post:search:deferred": _("Channel could not be asked"),
        "post:search:ended": _("No answer from the channel"),
        "post:attempt:published": _("Published"),
        "post:attempt:failed": _("Publishing failed"),
        "post:ladder:climbed": _("Told that words wait"),
    }


def _promises() -> dict[str, str]:
    return {
        "commitment:promise:opened": _("Promise made"),
        "commitment:promise:reported_kept": _("Reported kept"),
        "commitment:promise:report_fell_through": _("Report fell through with its words"),
        "commitment:promise:follow_up_stuck": _("Public word stuck"),
        "commitment:promise:kept": _("Promise kept"),
        "commitment:promise:broken": _("Promise broken"),
        "commitment:promise:withdrawn": _("Promise withdrawn"),
        "commitment:report:published": _("Report published"),
        "commitment:link:made": _("Private link made"),
        "commitment:word:given": _("The commenter said whether it is kept"),
        "commitment:word:counted": _("A reader said whether it is kept"),
        "commitment:denial:rejected": _("Stood by it: kept"),
        "commitment:denial:accepted": _("Agreed: still owed"),
        "commitment:progress:written": _("Word of progress written"),
        "commitment:progress:settled": _("Became known how the word of progress ended"),
    }


def _dates() -> dict[str, str]:
    return {
        "commitment:ladder:climbed": _("Reminded of the date"),
        "commitment:ladder:reached": _("Reminded of the next move"),
        "commitment:watch:kept": _("Told that nothing has moved"),
        "commitment:date:asked": _("Another date asked for"),
        "commitment:date:accepted": _("Another date accepted"),
        "commitment:date:refused": _("Another date refused"),
        "commitment:date:agreed": _("Another date agreed to"),
        "commitment:date:set": _("Another date counts"),
        "commitment:date:lapsed": _("Another date never counted"),
    }


def _matters() -> dict[str, str]:
    return {
        "matter:case:opened": _("Matter opened"),
        "matter:owner:assigned": _("Matter assigned"),
        "matter:clock:moved": _("Newer calendar accepted"),
        "matter:proposal:submitted": _("Decision asked for"),
        "matter:proposal:withdrawn": _("Answer taken back"),
        "matter:decision:voted": _("Spoke, with others still to speak"),
        "matter:decision:approved": _("Approved for everybody"),
        "matter:decision:refused": _("Refused for everybody"),
        "matter:decision:returned": _("Returned for changes"),
        "matter:release:began": _("Release began"),
        "matter:release:advanced": _("Some more were answered"),
        "matter:release:completed": _("Everybody was answered"),
        "matter:release:reopened": _("Somebody joined later"),
        "matter:release:halted": _("Halted"),
        "matter:release:resumed": _("Went on"),
        "matter:ladder:climbed": _("Reminder about a matter"),
        "matter:ladder:watched": _("Seen that it is still open"),
        "matter:note:written": _("Note written"),
        "matter:case:closing": _("Closed to newcomers"),
        "matter:case:left_over": _("Somebody still waited"),
        "matter:case:closed": _("Matter closed"),
    }


def _house() -> dict[str, str]:
    return {
        "house:person:added": _("Person added"),
        "house:person:changed": _("Person changed"),
        "house:person:left": _("Person left"),
        "house:role:granted": _("Role granted"),
        "house:role:withdrawn": _("Role withdrawn"),
        "house:team:joined": _("Team joined"),
        "house:team:left": _("Team left"),
        "house:token:made": _("Token or session made"),
        "house:token:revoked": _("Token or session ended"),
        "house:identity:bound": _("Account bound"),
        "house:identity:released": _("Account released"),
        "house:policy:applied": _("Policy applied"),
        "house:absence:planned": _("Absence planned"),
        "house:absence:ended": _("Absence ended"),
        "house:delegation:given": _("Delegation given"),
        "house:delegation:ended": _("Delegation ended"),
        "house:case:read": _("Case read"),
        "house:record:searched": _("Record searched"),
        "house:record:exported": _("Record exported"),
        "house:notices:changed": _("Notices changed"),
        "house:link:used": _("Decided by a link"),
        "house:hook:made": _("Webhook made"),
        "house:hook:changed": _("Webhook changed"),
        "house:hook:paused": _("Webhook paused"),
        "house:hook:disabled": _("Webhook switched off by the service"),
        "house:hook:resumed": _("Webhook went on"),
        "house:hook:secret_replaced": _("Secret of a webhook replaced"),
        "house:hook:ended": _("Webhook ended"),
    }


# What happened in the house, in a sentence after whoever did it. ------------------------------


def in_the_house(name: str, data: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """What somebody did in the house."""
    said = {key: str(value) for key, value in data.items()}
    for key in PEOPLE:
        said[key] = names.get(said.get(key, ""), said.get(key, ""))
    if "role" in said:
        said["role"] = ROLE_NAMES.get(said["role"], said["role"])
    if name in ("house:record:searched", "house:record:exported"):
        return _looked(name, said)
    told = {
        "house:person:added": _("added %(person)s"),
        "house:person:changed": _("changed what is kept of %(person)s"),
        "house:person:left": _("let %(person)s leave"),
        "house:role:granted": _("gave %(person)s the role %(role)s"),
        "house:role:withdrawn": _("took the role %(role)s from %(person)s"),
        "house:team:joined": _("put %(person)s into the team %(team)s"),
        "house:team:left": _("took %(person)s out of the team %(team)s"),
        "house:token:made": _("made a token for %(person)s (%(purpose)s)"),
        "house:token:revoked": _("ended a token of %(person)s"),
        "house:identity:bound": _("bound an account of the identity provider to %(person)s"),
        "house:identity:released": _("released an account of %(person)s"),
        "house:policy:applied": _("applied version %(version)s of the policy"),
        "house:absence:planned": _("planned an absence of %(person)s"),
        "house:absence:ended": _("ended an absence of %(person)s"),
        "house:delegation:given": _("let %(to)s decide on behalf of %(of)s"),
        "house:delegation:ended": _("ended that %(to)s decides on behalf of %(of)s"),
        "house:case:read": _("read %(stream)s"),
        "house:notices:changed": _("changed how %(person)s is told"),
        "house:link:used": _("decided %(stream)s by a link (%(act)s)"),
        "house:hook:made": _("made a webhook"),
        "house:hook:changed": _("changed a webhook"),
        "house:hook:paused": _("paused a webhook"),
        "house:hook:disabled": _("switched off a webhook that takes nothing"),
        "house:hook:resumed": _("let a webhook go on"),
        "house:hook:secret_replaced": _("replaced the secret of a webhook"),
        "house:hook:ended": _("ended a webhook"),
    }.get(name)
    if told is None:
        return name
    blank = {"person": "", "role": "", "team": "", "purpose": "", "version": "", "stream": "",
             "act": "", "of": "", "to": ""}  # fmt: skip
    return told % (blank | said)


def _looked(name: str, said: Mapping[str, str]) -> str:
    if said.get("stream"):
        return _("took out %(stream)s as a file", stream=said["stream"])
    shown = ", ".join(
        _("by words") if k == "by_words" else f"{k}={v}"
        for k, v in said.items()
        if v and k not in ("is_next", "of", "to", "manager", "deputy")
    )
    if name == "house:record:exported":
        return _("took out what a search found (%(by)s)", by=shown or _("everything"))
    return _("searched the record (%(by)s)", by=shown or _("everything"))


# What was asked for. --------------------------------------------------------------------------


def asked(wanted: Search, names: Mapping[str, str], teams: Mapping[str, str]) -> list[str]:
    """A search, a condition a sentence, for whoever holds the printed page."""
    said = []
    if wanted.person is not None:
        said.append(_("Done by %(name)s.", name=names.get(wanted.person, wanted.person)))
    if wanted.act is not None:
        said.append(_("Act: %(act)s.", act=act(wanted.act)))
    if wanted.kind is not None:
        said.append(_("About: %(kind)s.", kind=kinds()[wanted.kind]))
    if wanted.since is not None:
        said.append(_("From %(day)s.", day=times.absolute(wanted.since)))
    if wanted.until is not None:
        said.append(_("Before %(day)s.", day=times.absolute(wanted.until)))
    if wanted.team is not None:
        said.append(_("Team: %(team)s.", team=teams.get(wanted.team, wanted.team)))
    if wanted.channel is not None:
        said.append(_("Channel: %(channel)s.", channel=wanted.channel))
    if wanted.outcome is not None:
        said.append(_("Outcome: %(outcome)s.", outcome=outcomes()[wanted.outcome]))
    if wanted.late is not None:
        said.append(_("Only what was late.") if wanted.late else _("Only what was in time."))
    if wanted.q is not None:
        said.append(_("With these words in a comment: %(words)s.", words=wanted.q))
    return said


# What was checked. ----------------------------------------------------------------------------


def checked(check: Check) -> str:
    """What a check found, in a sentence."""
    good, bad = {
        "linked": (
            _("Every entry is linked to the one before by its hash, from the first to the last."),
            _("The chain is broken: from entry %(seqs)s on, something was changed, added or taken "
              "away after it was written."),
        ),
        "columns": (
            _("What lists and searches read of each entry is what its bytes say."),
            _("What lists and searches read of these entries is not what their bytes say: "
              "%(seqs)s."),
        ),
        "words": (
            _("All words that are still kept are the very words that were bound."),
            _("The words of these entries are not the ones that were bound: %(seqs)s."),
        ),
        "unforked": (
            _("No other history has claimed a place in it."),
            _("Another history has claimed these places in it: %(seqs)s."),
        ),
        "folded": (
            _("The rules, run over all entries again, come to their end."),
            _("The rules, run over the entries again, stop at entry %(seqs)s."),
        ),
        "snapshot": (
            _("That end is the state which pages show and the workflow goes on from."),
            _("The entries do not come to the state which pages show."),
        ),
    }[check.code]  # fmt: skip
    return good if check.ok else bad % {"seqs": ", ".join(map(str, check.seqs))}


def relations() -> dict[str, str]:
    return {
        "predecessor": _("Came before it"),
        "successor": _("Followed it"),
        "merged_into": _("Merged into"),
        "matter": _("Its matter"),
        "member": _("A member"),
        "post": _("What we said"),
        "promise": _("A promise in it"),
        "case": _("The case it belongs to"),
        "about": _("The promise it is about"),
        "made_in": _("Where it was promised"),
        "corrects": _("What it corrects"),
        "corrected_by": _("What corrects it"),
        "retracted_by": _("What takes it back"),
    }


def place(path: str) -> str:
    """Where in an entry words stand, as people call it."""
    names = {
        "words": _("the words"),
        "request": _("what is asked"),
        "reply": _("the reply"),
        "reason": _("the reason"),
        "question": _("the question"),
        "proof": _("how it will be shown"),
        "evidence": _("the evidence"),
        "title": _("the title"),
        "promises": _("promise"),
        "promise": _("promise"),
    }
    said = [names.get(part, part.replace("_", " ")) for part in path.split(".")]
    if path.startswith("promises.") and len(said) > 2:
        return _("Promise %(n)s: %(part)s", n=said[1], part=", ".join(said[2:]))
    return ", ".join(said)


# Temporal. ------------------------------------------------------------------------------------

BOOKKEEPING = ("workflow_task_",)
"""Events by which the server only hands work to a worker."""


def is_bookkeeping(event: PastEvent) -> bool:
    return event.type.startswith(BOOKKEEPING)


def happened(event: PastEvent) -> str:
    """What an event of Temporal's history says."""
    told = {
        "workflow_execution_started": _("The workflow started"),
        "workflow_execution_completed": _("The workflow ended"),
        "workflow_execution_failed": _("The workflow failed"),
        "workflow_execution_terminated": _("The workflow was ended from outside"),
        "workflow_execution_canceled": _("The workflow was called off"),
        "workflow_execution_timed_out": _("The workflow ran out of time"),
        "workflow_execution_continued_as_new": _("The workflow went on as a new run"),
        "workflow_execution_update_accepted": _("A command was taken"),
        "workflow_execution_update_completed": _("A command was answered"),
        "workflow_execution_update_rejected": _("A command was refused"),
        "workflow_execution_signaled": _("The workflow was told something"),
        "activity_task_scheduled": _("A step was planned"),
        "activity_task_started": _("A step began"),
        "activity_task_completed": _("A step was done"),
        "activity_task_failed": _("A step failed"),
        "activity_task_timed_out": _("A step ran out of time"),
        "timer_started": _("A timer was set"),
        "timer_fired": _("A timer rang"),
        "timer_canceled": _("A timer was called off"),
        "marker_recorded": _("A mark was left"),
    }
    return told.get(event.type, event.type.replace("_", " ").capitalize())


def entries_of(event: PastEvent) -> str:
    """The ledger's entries that an event is about."""
    if not event.first:
        return ""
    last = event.last or event.first
    if last == event.first:
        return _("entry %(n)s", n=event.first)
    return _("entries %(first)s to %(last)s", first=event.first, last=last)


def counted(total: int, *, is_more: bool) -> str:
    """How many were found, as far as they are counted."""
    if is_more:
        return _("More than %(num)s acts", num=numbers.number(total))
    return ngettext("%(num)s act", "%(num)s acts", total)
