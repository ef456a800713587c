using Checkpointing.Protocol.Labels;

namespace Checkpointing.Runtime.Participants;

/// <summary>
/// A set of participants and silos, too large at times and never too small (a Bloom filter). One thread at a time adds; any thread may look. A participant has one of whom it may
/// have received from; a silo looks there before it disturbs a participant that has nothing to do with a loss.
/// </summary>
internal sealed class PeerFilter
{
    private const int Words = 4;

    private ulong[] _words = new ulong[Words];

    /// <summary>Those whose lives have ended, wherever they were.</summary>
    public static PeerFilter Of(IEnumerable<LifeEnd> ends)
    {
        var filter = new PeerFilter();
        foreach (var end in ends)
        {
            filter.Add(end.Life.Participant);
        }

        return filter;
    }

    public void Add(Life sender)
    {
        Add(sender.Participant);
        Add(sender.Silo);
    }

    public void Add(ParticipantId participant) => Add((uint)participant.GetHashCode());

    public void Add(SiloId silo) => Add(~(uint)silo.GetHashCode());

    /// <summary>Begins anew with these alone.</summary>
    public void Reset(IEnumerable<Receipt> receipts)
    {
        var next = new PeerFilter();
        foreach (var receipt in receipts)
        {
            next.Add(receipt.Sender);
        }

        Volatile.Write(ref _words, next._words);
    }

    public bool Meets(PeerFilter other)
    {
        var (mine, others) = (Volatile.Read(ref _words), Volatile.Read(ref other._words));
        for (var i = 0; i < Words; i++)
        {
            if ((Volatile.Read(ref mine[i]) & Volatile.Read(ref others[i])) != 0)
            {
                return true;
            }
        }

        return false;
    }

    private void Add(uint hash)
    {
        // Fibonacci hashing: the upper eight bits.
        var index = (hash * 2654435769u) >> 24;
        ref var word = ref _words[index / 64];
        var bit = 1UL << (int)(index % 64);
        if ((Volatile.Read(ref word) & bit) == 0)
        {
            // With a full fence: whoever adds a sender reads after that what is known of it; whoever makes something known looks here after that.
            Interlocked.Or(ref word, bit);
        }
    }
}
