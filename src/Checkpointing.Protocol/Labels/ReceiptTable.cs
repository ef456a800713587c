using System.Collections.Immutable;
using System.Numerics;

namespace Checkpointing.Protocol.Labels;

/// <summary>
/// The receipts of one participant since its last checkpoint: for each peer and life the largest label. An open-addressed table that is
/// cleared with its capacity kept, because it is touched by every call and emptied by every round.
/// </summary>
internal sealed class ReceiptTable
{
    private const int InitialCapacity = 4;

    private Receipt[] _slots = [];
    private int _count;
    private bool _holdsTwoLivesOfOne;

    public int Count => _count;

    public bool IsEmpty => _count == 0;

    /// <summary>Remembers a received label; a smaller one than already known changes nothing.</summary>
    /// <returns>Whether this life of the sender is new here and another one is known already.</returns>
    public bool Record(Life sender, long sequence)
    {
        if ((_count + 1) * 4 > _slots.Length * 3)
        {
            Grow();
        }

        ref var slot = ref Find(_slots, sender);
        if (slot.Sender is null)
        {
            slot = new Receipt(sender, sequence);
            _count++;
            var meets = HoldsOtherLifeOf(sender);
            _holdsTwoLivesOfOne |= meets;
            return meets;
        }

        if (slot.Sequence < sequence)
        {
            // With where the sender was then: it may have moved.
            slot = new Receipt(sender, sequence);
        }

        return false;
    }

    public void Record(MessageStamp stamp) => Record(stamp.Sender, stamp.Sequence);

    /// <summary>The receipts of those peers from which more than one life is known.</summary>
    public ImmutableArray<Receipt> OfSeveralLives() => _holdsTwoLivesOfOne ? [.. ToImmutable().Where(receipt => HoldsOtherLifeOf(receipt.Sender))] : [];

    public void Merge(ImmutableArray<Receipt> receipts)
    {
        foreach (var receipt in receipts)
        {
            Record(receipt.Sender, receipt.Sequence);
        }
    }

    /// <summary>LastLabelReceived from this peer in this life, ⊥ if nothing was received.</summary>
    public MessageLabel LastLabelReceived(Life sender)
    {
        if (_count == 0)
        {
            return MessageLabel.Bottom;
        }

        ref var slot = ref Find(_slots, sender);
        return slot.Sender is null ? MessageLabel.Bottom : slot.Label;
    }

    public void Clear()
    {
        if (_count > 0)
        {
            Array.Clear(_slots);
            _count = 0;
            _holdsTwoLivesOfOne = false;
        }
    }

    public ImmutableArray<Receipt> ToImmutable()
    {
        if (_count == 0)
        {
            return [];
        }

        var receipts = ImmutableArray.CreateBuilder<Receipt>(_count);
        foreach (var slot in _slots)
        {
            if (slot.Sender is not null)
            {
                receipts.Add(slot);
            }
        }

        return receipts.MoveToImmutable();
    }

    private bool HoldsOtherLifeOf(Life sender)
    {
        var mask = _slots.Length - 1;
        for (var index = Start(sender) & mask; _slots[index].Sender is { } occupant; index = (index + 1) & mask)
        {
            if (occupant.Participant == sender.Participant && !occupant.Equals(sender))
            {
                return true;
            }
        }

        return false;
    }

    // By the participant alone: so all lives of one lie on the same path, and whoever inserts one meets the others.
    private static int Start(Life sender) => sender.Participant.GetHashCode();

    private static ref Receipt Find(Receipt[] slots, Life sender)
    {
        var mask = slots.Length - 1;
        var index = Start(sender) & mask;
        while (slots[index].Sender is { } occupant && !occupant.Equals(sender))
        {
            index = (index + 1) & mask;
        }

        return ref slots[index];
    }

    private void Grow()
    {
        var larger = new Receipt[Math.Max(InitialCapacity, (int)BitOperations.RoundUpToPowerOf2((uint)_slots.Length + 1))];
        foreach (var slot in _slots)
        {
            if (slot.Sender is not null)
            {
                Find(larger, slot.Sender) = slot;
            }
        }

        _slots = larger;
    }
}
