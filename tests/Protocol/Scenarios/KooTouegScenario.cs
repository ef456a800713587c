using System.Text.Json.Nodes;

namespace Checkpointing.Protocol.Tests.Scenarios;

/// <summary>One row of koo-toueg-checkpoint.json: a trace, then rounds with what each must do.</summary>
internal sealed record KooTouegScenario(string Id, KooTouegScenario.History Given, KooTouegScenario.RoundScript[] Rounds, string Note)
{
    public override string ToString() => $"{Id} ({Note})";

    internal sealed record History(string[] Procs, string[] Trace);

    /// <param name="Initiator">Who initiates the round.</param>
    /// <param name="Expect">What it must do.</param>
    /// <param name="Unwilling">Who is unwilling in this round.</param>
    /// <param name="Schedule">Steps in this order: <c>deliver MESSAGE</c>, or an event of the computation. What is left is delivered in the order of sending.</param>
    /// <param name="DeliverDecisionsTwice">Every COMMIT and UNDO arrives twice.</param>
    internal sealed record RoundScript(
        string Initiator, JsonObject Expect, string[]? Unwilling = null, string[]? Schedule = null, bool DeliverDecisionsTwice = false);
}
