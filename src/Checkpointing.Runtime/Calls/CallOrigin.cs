using Checkpointing.Protocol.Labels;

namespace Checkpointing.Runtime.Calls;

/// <summary>Whoever sends labelled requests: a participant's activation, or one call of a relay.</summary>
internal abstract class CallOrigin
{
    /// <summary>Whether a participant awaits what is called from here.</summary>
    public abstract bool IsAwaitedByParticipant { get; }

    /// <summary>The participants that are known to await what is called from here, as far as the calls that run here tell (SPEC K14).</summary>
    public abstract IEnumerable<ParticipantId> Awaiting { get; }

    /// <summary>The labels of the next message to this receiver.</summary>
    public abstract StampSet LabelNext(GrainId receiver, CallRole receiverRole);

    /// <summary>A message with these labels was received: it is a dependency from now on.</summary>
    public abstract void Receive(in StampSet stamps);

    /// <summary>A two-way call is on its way.</summary>
    /// <param name="chain">The call chain's own id if the caller allowed reentrancy, otherwise empty.</param>
    public abstract void CallSent(Guid chain);

    /// <summary>That call has ended, one way or another.</summary>
    public abstract void CallEnded(Guid chain);
}
