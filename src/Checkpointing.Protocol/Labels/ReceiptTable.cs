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

    public int Count => _count;

    public bool IsEmpty => _count == 0;

    /// <summary>Remembers a received label; a smaller one than already known changes nothing.</summary>
    public void Record(Life sender, long sequence)
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
        }
        else if (slot.Sequence < sequence)
        {
            // With where the sender was then: it may have moved.
            slot = new Receipt(sender, sequence);
        }
    }

    public void Record(MessageStamp stamp) => Record(stamp.Sender, stamp.Sequence);

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

    private static ref Receipt Find(Receipt[] slots, Life sender)
    {
        var mask = slots.Length - 1;
        var index = sender.GetHashCode() & mask;
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
