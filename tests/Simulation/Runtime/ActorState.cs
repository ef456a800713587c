namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>
/// The whole state of a checkpointed actor: what it has done and what it has received, exactly. It is what a checkpoint copies and what a
/// restart restores, so the checkers need to trust nobody.
/// </summary>
internal sealed class ActorState
{
    /// <summary>Messages sent and changes made.</summary>
    public ExactSet Happened { get; private init; } = new();

    /// <summary>Messages received, at first hand or through relays, and everything that was read from an unchanged peer.</summary>
    public ExactSet Received { get; private init; } = new();

    /// <summary>
    /// How many messages of other actors were received. A message may arrive after its effects were read from its sender: then it is in
    /// <see cref="Received"/> already, and only this number tells that it has arrived.
    /// </summary>
    public int Receipts { get; set; }

    /// <summary>Which requests have run: none may run twice.</summary>
    public ExactSet Ran { get; private init; } = new();

    /// <summary>
    /// One has run twice. On a silo that goes on although it was declared dead that may be: a copy that had waited there for a grain to start finds it, in the end, as another silo has made it
    /// permanent. Nothing of such a life is ever permanent.
    /// </summary>
    public bool RanOneTwice { get; set; }

    /// <summary>The application's own state is a function of its changes, and so of the last one.</summary>
    public int LastChange { get; set; }

    public ActorState Copy() => new() { Happened = Happened.Copy(), Received = Received.Copy(), Receipts = Receipts, Ran = Ran.Copy(), RanOneTwice = RanOneTwice, LastChange = LastChange };

    public bool SameAs(ActorState other) =>
        LastChange == other.LastChange && Happened.SetEquals(other.Happened) && Received.SetEquals(other.Received);
}
