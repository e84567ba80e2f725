"""What may be sent with each command, and how the door makes the command of the rules from it.

A body carries texts; a command carries references to them. ``Draft`` looks up what has to be
known, keeps the texts that are to be stored, and stores them in one transaction, unbound, right
before the command is sent.
"""

from __future__ import annotations

from api.bodies import commitments, escalations, matters, posts
from api.bodies.base import AcceptCalendar, Body, Draft

__all__ = ["BODIES", "Body", "Draft"]

BODIES: dict[str, dict[str, type[Body]]] = {
    "escalation": {
        "claim": escalations.Claim,
        "release": escalations.Release,
        "assign": escalations.Assign,
        "dismiss": escalations.Dismiss,
        "propose": escalations.Propose,
        "approve": escalations.Approve,
        "refuse": escalations.Refuse,
        "return": escalations.Return,
        "reply": escalations.Reply,
        "note": escalations.Note,
        "withdraw": escalations.Withdraw,
        "decline": escalations.Decline,
        "renew": escalations.Renew,
        "reroute": escalations.Reroute,
        "merge": escalations.Merge,
        "answered_outside": escalations.AnsweredOutside,
        "uphold": escalations.Uphold,
        "overturn": escalations.Overturn,
        "decide_alone": escalations.DecideAlone,
        "ask": escalations.Ask,
        "inform": escalations.Inform,
        "add_approver": escalations.AddApprover,
        "replace_approver": escalations.ReplaceApprover,
        "bypass": escalations.Bypass,
        "recall": escalations.Recall,
        "move_private": escalations.MovePrivate,
        "holding_reply": escalations.HoldingReply,
        "accept_promise": escalations.AcceptPromise,
        "counter_promise": escalations.CounterPromise,
        "decline_promise": escalations.DeclinePromise,
        "pause": escalations.Pause,
        "resume": escalations.Resume,
        "extend": escalations.Extend,
        "accept_calendar": AcceptCalendar,
        "join_matter": escalations.JoinMatter,
        "leave_matter": escalations.LeaveMatter,
    },
    "post": {
        "clear": posts.Clear,
        "return": posts.Return,
        "withdraw": escalations.Withdraw,
        "confirm": posts.Confirm,
        "retry": posts.Retry,
        "correct": posts.Correct,
        "retract": posts.Retract,
    },
    "commitment": {
        "report_kept": commitments.ReportKept,
        "tell": commitments.Tell,
        "renegotiate": commitments.Renegotiate,
        "accept_new_date": commitments.AcceptNewDate,
        "agree": commitments.Agree,
        "refuse_new_date": commitments.RefuseNewDate,
        "withdraw": commitments.WithdrawPromise,
        "make_link": commitments.MakeLink,
        "uphold": commitments.Uphold,
        "reopen": commitments.Reopen,
    },
    "matter": {
        "assign": matters.Assign,
        "propose": matters.Propose,
        "withdraw": matters.Withdraw,
        "approve": matters.Approve,
        "refuse": matters.Refuse,
        "return": matters.Return,
        "release": matters.Release,
        "halt": matters.Halt,
        "resume": matters.Resume,
        "accept_calendar": AcceptCalendar,
        "close": matters.Close,
        "note": escalations.Note,
    },
}
"""Every command a person can send, with its body; a test compares this with the rules."""
