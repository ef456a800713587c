using System.Collections.Immutable;

namespace Checkpointing.Protocol.Labels;

/// <summary>
/// What one participant remembers of its messages (SPEC D3): its own labels, its marks, whom it heard and told since the checkpoint.
/// The three instants that matter (tentative, permanent, undone) are the three methods at the end; SPEC B4 shows what goes wrong otherwise.
/// </summary>
internal sealed class Ledger
{
    private readonly ReceiptTable _received = new();
    private readonly SendTable _sent = new();
    private readonly int _livesRemembered;
    private TentativeCheckpoint? _tentative;
    private long _callsSinceTentative;
    private Dictionary<ParticipantId, long>? _sentBeforeTentative;

    public Ledger(Life life, CheckpointMark permanentMark, int livesRemembered = IncarnationTable.Capacity)
    {
        Life = life;
        PermanentMark = permanentMark;
        _livesRemembered = livesRemembered;
    }

    /// <summary>The same life goes on elsewhere: what it had sent and received counts there too.</summary>
    public static Ledger Resume(
        Life life,
        long lastSequence,
        CheckpointMark permanentMark,
        ImmutableArray<Receipt> received,
        IEnumerable<KeyValuePair<ParticipantId, long>> sent,
        long callsUnsaved,
        int livesRemembered = IncarnationTable.Capacity)
    {
        var ledger = new Ledger(life, permanentMark, livesRemembered) { LastSequence = lastSequence, CallsUnsaved = callsUnsaved };
        ledger._received.Merge(received);
        ledger._sent.Restore(new Dictionary<ParticipantId, long>(sent));
        return ledger;
    }

    public Life Life { get; }

    public CheckpointMark PermanentMark { get; private set; }

    /// <summary>The last label given out in this life; 0 before the first.</summary>
    public long LastSequence { get; private set; }

    /// <summary>The checkpoint that was taken and is not decided yet.</summary>
    public TentativeCheckpoint? Tentative => _tentative;

    /// <summary>Receipts since the last checkpoint, tentative or permanent.</summary>
    public ReceiptTable Received => _received;

    public SendTable Sent => _sent;

    /// <summary>How many calls this life has begun to run that its permanent checkpoint does not remember, labelled or not: a measure of the work that a rollback undoes.</summary>
    public long CallsUnsaved { get; private set; }

    /// <summary>Nothing was sent or received since the permanent checkpoint, and none is undecided (SPEC K4, K6).</summary>
    public bool IsClean => _tentative is null && _received.IsEmpty && !HasSent;

    /// <summary>
    /// A call that this life made ended with the loss of its callee (SPEC K1): one half of the call is undone, so the other half must not become
    /// permanent. No receipt says so, and no checkpoint cures it; only a rollback does.
    /// </summary>
    public bool HasLostCall { get; private set; }

    /// <summary>Whether this life gave out a label that its permanent checkpoint does not cover.</summary>
    public bool HasSent => PermanentMark.Label.Incarnation == Life.Incarnation
        ? LastSequence > PermanentMark.Label.Sequence
        : LastSequence > 0;

    /// <summary>Gives the next label to a message for this receiver.</summary>
    public MessageStamp Send(ParticipantId receiver)
    {
        var stamp = Send();
        _sent.Record(receiver, stamp.Sequence);
        return stamp;
    }

    /// <summary>Gives the next label to a message whose receiver is no participant itself but may pass the dependency on (a relay).</summary>
    public MessageStamp Send() => new(Life, ++LastSequence);

    /// <summary>A stamp of this very life, back through relays, is no dependency: whatever remembers its receipt remembers its sending.</summary>
    /// <returns>RB-14: whether two lives of that sender have met here, so that at least one of them is over.</returns>
    public bool Receive(MessageStamp stamp) => !Life.Equals(stamp.Sender) && _received.Record(stamp.Sender, stamp.Sequence);

    /// <summary>A call begins to run that may change the state.</summary>
    public void BeginCall()
    {
        CallsUnsaved++;
        _callsSinceTentative++;
    }

    public void LoseCall() => HasLostCall = true;

    /// <summary>
    /// RB-20: whether the message with this label may have been received, in this life, since the permanent checkpoint. That checkpoint does not remember it as long as its
    /// sender waits for the answer. Only the largest label of each sender is kept, so of one that has sent several at once the earlier ones count as received too.
    /// </summary>
    public bool MayHaveReceived(MessageStamp stamp) => AllReceipts().Any(receipt => receipt.Sender.Equals(stamp.Sender) && receipt.Sequence >= stamp.Sequence);

    /// <summary>An orphan remembers a message whose sending is undone, or one half of a call whose other half is.</summary>
    public bool IsOrphan(UndoneLabels undone)
    {
        if (HasLostCall)
        {
            return true;
        }

        foreach (var receipt in AllReceipts())
        {
            if (undone.Contains(receipt.Sender, receipt.Sequence))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Where a life ended that is not the present one: of its labels, those count that the permanent checkpoint covers.</summary>
    public LifeEnd EndOf(Life life)
    {
        var incarnation = life.Incarnation;
        foreach (var end in PermanentMark.Table().Ends)
        {
            if (end.Incarnation == incarnation)
            {
                return new LifeEnd(life, end.Sequence);
            }
        }

        return new LifeEnd(life, 0);
    }

    /// <summary>valid_x(i,l) of SPEC D3: the label belongs to the present life or still counts by the table; everything else is undone work.</summary>
    public bool IsValid(MessageLabel label) => label.Incarnation == Life.Incarnation || PermanentMark.Covers(label);

    /// <summary>All receipts that the permanent checkpoint does not remember: those of the undecided tentative checkpoint and those after it.</summary>
    public ImmutableArray<Receipt> AllReceipts()
    {
        if (_tentative is null)
        {
            return _received.ToImmutable();
        }

        var all = new ReceiptTable();
        all.Merge(_tentative.Receipts);
        all.Merge(_received.ToImmutable());
        return all.ToImmutable();
    }

    /// <summary>
    /// The tentative instant: mark and receipts are frozen together with the state, and counting starts anew. An earlier tentative
    /// checkpoint of the same round is replaced: its receipts belong to the new one too.
    /// </summary>
    public TentativeCheckpoint TakeTentative()
    {
        UndoTentative();
        _tentative = new TentativeCheckpoint(MarkNow(), _received.ToImmutable());
        _sentBeforeTentative = _sent.Freeze();
        _callsSinceTentative = 0;
        _received.Clear();
        _sent.Clear();
        return _tentative;
    }

    /// <summary>The tentative checkpoint becomes the permanent one. What arrived after it stays: it belongs to the next interval (SPEC T2).</summary>
    public void MakePermanent()
    {
        var tentative = _tentative ?? throw new ProtocolInvariantViolatedException($"{Life} has no tentative checkpoint to make permanent.");
        PermanentMark = tentative.Mark;
        CallsUnsaved = _callsSinceTentative;
        _tentative = null;
        _sentBeforeTentative = null;
    }

    /// <summary>The tentative checkpoint never was: what it had frozen counts again (SPEC T3).</summary>
    public void UndoTentative()
    {
        if (_tentative is null)
        {
            return;
        }

        _received.Merge(_tentative.Receipts);
        _sent.Restore(_sentBeforeTentative!);
        _tentative = null;
        _sentBeforeTentative = null;
    }

    /// <summary>RB-22: whoever has sent something in this life forgets the oldest one for it; the mark of one that has not says the same as before.</summary>
    private CheckpointMark MarkNow()
    {
        var ends = PermanentMark.Table().Without(Life.Incarnation);
        return new(new MessageLabel(Life.Incarnation, LastSequence), LastSequence == 0 ? ends : ends.Youngest(_livesRemembered - 1));
    }
}
