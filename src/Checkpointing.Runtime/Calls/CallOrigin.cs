using Checkpointing.Protocol.Labels;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Runtime.Silos;

namespace Checkpointing.Runtime.Calls;

/// <summary>Whoever sends labelled requests: a participant's activation, or one call of a relay.</summary>
internal abstract class CallOrigin
{
    private LatestEnumerations? _openElsewhere;

    /// <summary>Whether a participant awaits what is called from here.</summary>
    public abstract bool IsAwaitedByParticipant { get; }

    /// <summary>The participants that are known to await what is called from here, as far as the calls that run here tell (SPEC K14).</summary>
    public abstract IEnumerable<ParticipantId> Awaiting { get; }

    /// <summary>The labels of the next message to this receiver.</summary>
    public abstract StampSet LabelNext(GrainId receiver, CallRole receiverRole);

    /// <summary>A call to a participant begins whose answer is awaited here, but by no participant: it is a chain of its own (SPEC K21).</summary>
    public virtual void BeginChain(GrainId participant, IRequest request)
    {
    }

    /// <summary>RB-19, RB-20: the line under which a call to such a receiver is sent.</summary>
    public virtual long SentUnder(CallRole receiverRole) => CallCutOff.Unchecked;

    /// <summary>Whether it may turn out to depend on undone work: then nothing is sent again for it, because it would only draw the receiver in.</summary>
    public virtual bool IsSuspect => false;

    /// <summary>A copy is sent although an earlier one may have arrived.</summary>
    public virtual void RepeatSent()
    {
    }

    public virtual void RepeatEnded()
    {
    }

    /// <summary>It rolls back: what its code still does has no effect any more.</summary>
    public abstract bool IsStopped { get; }

    /// <summary>A message with these labels was received: it is a dependency from now on.</summary>
    /// <returns>False if it comes from undone work, and is not received (RB-8).</returns>
    public abstract bool TryReceive(in StampSet stamps);

    /// <summary>A call from here was lost (SPEC K1, K30).</summary>
    /// <param name="isAwaited">A participant awaited it when it was sent.</param>
    /// <returns>Whether a participant rolls back for it: this one, or one that awaits this.</returns>
    public abstract bool LoseCall(bool isAwaited);

    /// <summary>What this silo knows of losses; null on a silo without checkpoints.</summary>
    public abstract LocalRollbacks? Rollbacks { get; }

    /// <summary>
    /// Whether this error of the runtime is the end of a lost call. After the loss of a silo a time-out is one too: the runtime breaks a call to the lost silo off, but not
    /// one that another silo has passed on there.
    /// </summary>
    public bool IsLoss(Exception error) => Undone.IsLoss(error) || (Undone.IsTimeout(error) && Rollbacks?.HasJustLostSilo == true);

    /// <summary>Whether a call that was not delivered will have been addressed to a silo that is gone, or about to go.</summary>
    public bool MayAddressGoneSilo => Rollbacks?.MayAddressGoneSilo == true;

    /// <summary>The response to a call of this origin is received. False if it is none that counts: the call was not run, or that was undone.</summary>
    public bool TryTake(LabelledResponse response, GrainId callee)
    {
        ThrowIfStopped(callee);
        return response.Fate == CallFate.Answered && TryReceive(response.Stamps);
    }

    /// <summary>The code behind this call belongs to a life that rolls back: it must not go on.</summary>
    public void ThrowIfStopped(GrainId callee)
    {
        if (IsStopped)
            throw Undone.Caller(callee);
    }

    /// <summary>The grain that runs this enumeration has answered.</summary>
    public void NoteEnumeration(Guid id, bool isOpen)
    {
        _openElsewhere ??= new LatestEnumerations();
        _openElsewhere.Remove(id);
        if (isOpen)
            _openElsewhere.Add(id);
    }

    /// <summary>Whether the last call of this enumeration leaves it in the middle, as far as its answers have told.</summary>
    public bool LeavesInTheMiddle(Guid enumeration) => _openElsewhere?.Remove(enumeration) == true;

    /// <summary>A two-way call is on its way.</summary>
    /// <param name="chain">The call chain's own id if the caller allowed reentrancy, otherwise empty.</param>
    public abstract void CallSent(Guid chain);

    /// <summary>That call has ended, one way or another.</summary>
    /// <param name="chain">The same.</param>
    /// <param name="period"><see cref="Period"/> when it was sent.</param>
    public abstract void CallEnded(Guid chain, int period);

    /// <summary>Tells calls that are under way when somebody starts to wait for their ends from later ones.</summary>
    public virtual int Period => 0;
}
