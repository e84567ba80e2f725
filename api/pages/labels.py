"""What stages, codes, acts and roles are called on pages, in the reader's language."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from api.public_answers import REFUSALS
from domain.base import PUBLIC, SYSTEM
from texts import Sayings
from texts import gettext as _

STAGES: Mapping[str, Sayings] = {
    "escalation": Sayings(
        {
            "held": "held until a second person has looked",
            "unclaimed": "nobody has claimed it",
            "preparing": "an answer is being prepared",
            "deciding": "waiting for a decision",
            "replying": "the reply is to be sent",
            "listening": "answered, listening",
            "closed": "closed",
        }
    ),
    "post": Sayings(
        {
            "in_review": "waiting to be cleared",
            "cleared": "cleared, going out soon",
            "publishing": "being published",
            "unconfirmed": "unconfirmed: nobody knows whether it arrived",
            "failed": "failed: it is not on the channel",
            "published": "published",
            "returned": "returned to its writer",
            "withdrawn": "withdrawn",
        }
    ),
    "commitment": Sayings(
        {
            "open": "open",
            "reported": "reported kept, the public word is on its way",
            "told": "the company says kept, the commenter is asked",
            "denied": "the company says kept, the commenter says not",
            "broken": "broken",
            "kept": "kept in time",
            "kept_late": "kept, but late",
            "withdrawn": "withdrawn",
        }
    ),
    "matter": Sayings(
        {
            "gathering": "cases are brought together, and the one answer is being written",
            "deciding": "waiting for a decision",
            "ready": "decided, waiting to be released",
            "releasing": "the answer is going out",
            "halted": "halted: nobody more is answered",
            "listening": "everybody is answered, listening",
            "closing": "closing",
            "closed": "closed",
        }
    ),
}

_WHILE: Mapping[str, Sayings] = {
    "escalation": Sayings(
        {
            "held": "a second look is owed",
            "unclaimed": "nobody has claimed it",
            "preparing": "an answer is being prepared",
            "deciding": "a decision is waited for",
            "replying": "the reply is to be sent",
            "listening": "we listen",
        }
    ),
    "post": Sayings(
        {
            "in_review": "the words wait to be cleared",
            "cleared": "cleared words wait to go out",
            "publishing": "the channel is waited for",
            "published": "it is published",
            "unconfirmed": "nobody knows whether it arrived",
            "failed": "it has failed",
        }
    ),
    "commitment": Sayings(
        {
            "open": "the promise is open",
            "broken": "it is broken",
            "told": "the commenter is asked whether it is kept",
            "denied": "the commenter says that it is not kept",
        }
    ),
    "matter": Sayings(
        {
            "gathering": "the answer is being written",
            "deciding": "a decision is waited for",
            "ready": "it waits to be released",
            "releasing": "it is going out",
            "halted": "it is halted",
            "listening": "we listen",
        }
    ),
}


def possible_while(kind: str, stages: Collection[str]) -> str:
    """When the turn of an act comes: ``possible while nobody has claimed it``."""
    moments = [moment for stage, moment in _WHILE[kind].items() if stage in stages]
    if len(moments) > 2:
        return _("possible while it is open")
    return _("possible while %(moments)s", moments=_(" or ").join(moments))


PAUSE_CODES = Sayings(
    {
        "commenter": "We wait for the commenter",
        "third_party": "We wait for somebody outside",
        "investigation": "It is being looked into",
        "legal": "For legal reasons",
    }
)

EXTEND_CODES = Sayings(
    {
        "complex": "It is more than it seemed",
        "volume": "There is more than usual",
        "absence": "Somebody is away",
    }
)

PRIORITIES = Sayings({"urgent": "Urgent", "normal": "Normal", "low": "Can wait"})

DISMISS_CODES = Sayings(
    {
        "spam": "Spam",
        "abuse": "Abuse",
        "not_about_us": "Not about us",
        "nothing_asked": "Nothing is asked of us",
        "said_elsewhere": "The same was said elsewhere",
    }
)

REFUSAL_CODES = Sayings(REFUSALS)

RECOMMENDATIONS = Sayings({"approve": "Approve", "refuse": "Refuse"})

ACTS = Sayings(
    {
        "claim": "Claim it",
        "release": "Give it back to the team",
        "assign": "Assign it",
        "dismiss": "Dismiss it",
        "propose": "Propose an answer",
        "approve": "Approve",
        "refuse": "Refuse",
        "return": "Return for changes",
        "reply": "Write the reply",
        "note": "Write a note",
        "withdraw": "Withdraw it",
        "clear": "Clear it for publication",
        "confirm": "Say whether it arrived",
        "retry": "Try again to publish it",
        "correct": "Correct it in public",
        "retract": "Take it back in public",
        "report_kept": "Report it kept",
        "decline": "Decline the assignment",
        "renew": "Renew the claim",
        "reroute": "Send it to another team",
        "merge": "Merge it into another of the same person",
        "answered_outside": "Say that it was answered on the channel",
        "uphold": "Uphold: no answer is owed",
        "overturn": "Overturn: an answer is owed",
        "decide_alone": "Decide it yourself",
        "ask": "Ask for information",
        "inform": "Answer the question",
        "add_approver": "Ask one more person to agree",
        "replace_approver": "Replace an approver",
        "bypass": "Approve without the others",
        "recall": "Take the waiting words back",
        "move_private": "Go on in private",
        "holding_reply": "Say that it is being worked on",
        "accept_promise": "Accept a promise",
        "counter_promise": "Offer another date for a promise",
        "decline_promise": "Decline a promise",
        "pause": "Pause the clock",
        "resume": "Let the clock go on",
        "extend": "Give it more time",
        "accept_calendar": "Accept the newer calendar",
        "join_matter": "Put it into a matter",
        "leave_matter": "Take it out of its matter",
        "tell": "Tell the public how it is going",
        "renegotiate": "Ask for another date",
        "accept_new_date": "Accept the new date",
        "agree": "Agree to the new date and publish its words",
        "refuse_new_date": "Refuse the new date",
        "make_link": "Make a private link for the commenter",
        "reopen": "Agree with the commenter: it is still owed",
        "halt": "Halt it at once",
        "close": "Close it",
    }
)

ACTS_OF: Mapping[str, Sayings] = {
    "escalation": ACTS | Sayings({"withdraw": "Withdraw the proposal"}),
    "post": ACTS | Sayings({"withdraw": "Withdraw these words", "return": "Return to its writer"}),
    "commitment": ACTS
    | Sayings({"withdraw": "Withdraw the promise", "uphold": "Stand by it: the promise is kept"}),
    "matter": ACTS | Sayings({"withdraw": "Take the answer back", "release": "Release the answer"}),
}

MEMBER_STATES = Sayings(
    {
        "joined": "waits for the answer",
        "served": "answered",
        "reopened": "answered; the commenter has come back",
        "apart": "went its own way",
        "left": "was taken out",
    }
)

MEMBER_VIEWS = Sayings(
    {
        "": "All",
        "joined": "Waiting",
        "served": "Answered",
        "reopened": "Come back",
        "apart": "Went their own way",
        "left": "Taken out",
    }
)

MATTER_THEN = Sayings(
    {
        "gathering": "Then an executive decides, and once the answer is released the first few are "
        "answered; after a wait in which it can be halted, everybody else.",
        "deciding": "Then it is released: the first few are answered, and after a wait in which it "
        "can be halted, everybody else.",
        "ready": "Then the first few are answered, and after a wait in which it can be halted, "
        "everybody else.",
        "releasing": "It can be halted at any moment. Once everybody is answered it listens for "
        "newcomers, and then it ends.",
        "halted": "Whoever has been answered stays answered; all others wait until it goes on.",
        "listening": "What a commenter says to the answer is dealt with in their own case.",
        "closing": "Whoever has joined at the last moment is still answered.",
        "closed": "A new comment about the same needs another matter, or an answer of its own.",
    }
)
"""What comes after the next move of a matter."""

SEATS = Sayings(
    {
        "team": "the team",
        "lead": "the team’s lead",
        "owner": "whoever owes the move",
        "approvers": "the executives who decide",
        "reviewers": "those who may clear it",
        "accountable": "whoever is accountable",
        "executives": "the executives",
        "manager": "the manager",
        "role": "everybody in a role",
        "person": "a named person",
    }
)

RUNG_ACTS = Sayings(
    {
        "remind": "a reminder to",
        "escalate": "word of it to",
        "reassign": "it goes back to the team, with word to",
        "holding": "a holding reply is asked of",
    }
)

ROLES = Sayings(
    {
        "staff": "staff",
        "executive": "executive",
        "auditor": "auditor: reads everything, changes nothing",
        "admin": "runs the service, reads no cases",
    }
)

ROLE_NAMES = Sayings(
    {
        "staff": "staff",
        "executive": "executive",
        "auditor": "auditor",
        "admin": "admin",
        "service": "service",
    }
)
"""The roles in a word, where several stand side by side."""

MACHINES = Sayings({SYSTEM: "The service itself", PUBLIC: "The public"})
"""Who acts without being a person."""


OUTCOMES = Sayings(
    {
        "answered": "answered",
        "refused": "refused",
        "dismissed": "dismissed",
        "merged": "merged",
        "withdrawn": "withdrawn",
        "answered_outside": "answered outside",
        "moved_to_private": "moved to private",
    }
)
"""How a case has ended."""

SETTLED = Sayings(
    {
        "published": "published",
        "failed": "failed",
        "unconfirmed": "unconfirmed",
        "returned": "returned",
        "withdrawn": "withdrawn",
    }
)
"""What became of words that were sent."""
