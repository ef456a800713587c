using System.Collections.Immutable;
using Checkpointing.Protocol.Labels;

namespace Checkpointing.Protocol.RollbackAlgorithm;

/// <summary>
/// The part of one silo in algorithm R: it knows which silos are gone and which labels are undone, keeps both from being received, and finds
/// who has received them before.
/// </summary>
/// <param name="silo">This silo.</param>
internal sealed class RollbackAgent(SiloId silo)
{
    private readonly HashSet<Life> _stopped = [];
    private readonly Dictionary<Life, MovedLife> _moved = [];
    private readonly Whereabouts _whereabouts = new();
    private readonly Dictionary<Guid, int> _positions = [];
    private ImmutableHashSet<SiloId> _gone = [];

    private bool IsAnyOrphanOnItsWay => _moved.Values.Any(moved => moved.OnItsWay?.IsOrphan(Undone) == true);

    /// <summary>Facts about ended lives, for all participants of this silo.</summary>
    public UndoneLabels Undone { get; } = new();

    /// <summary>RB-24: the epoch of the youngest coordinator that has been heard here.</summary>
    public long Obeyed { get; private set; }

    /// <summary>The silos that are known to be gone.</summary>
    public IEnumerable<SiloId> Gone => _gone;

    /// <summary>Whether a life that begins here may have a predecessor that only seems to be gone.</summary>
    public bool KnowsOfGoneSilos => _gone.Count > 0;

    /// <summary>Whatever is received from lives that were on that silo is suspect, until it is known where they are or where they have ended.</summary>
    public void OnSiloGone(SiloId gone) => _gone = _gone.Add(gone);

    /// <summary>RB-9: a life of this silo stopped without having got ready: nobody but its successor can say where it ended (SPEC K32).</summary>
    public void OnLifeStopped(Life life)
    {
        if (!Undone.Knows(life))
        {
            _stopped.Add(life);
        }
    }

    /// <summary>
    /// RB-13: a life leaves this silo for another one. Whoever has received from it here names this silo in its receipt, so this silo has to know what
    /// became of it. Until that life was found elsewhere it counts as being here. To be called before the ledger is packed, and only while no round
    /// and no rollback is under way for it; the ledger does not change any more.
    /// </summary>
    /// <returns>False for an orphan: it takes nothing along, and its life ends here (RB-9).</returns>
    public bool OnLifeMovesAway(Ledger ledger)
    {
        if (ledger.IsOrphan(Undone))
        {
            OnLifeStopped(ledger.Life);
            return false;
        }

        if (!ledger.IsClean)
        {
            // With a label of its own: so an answer that the life gave before it moved does not pass for one that it gave after.
            _moved[ledger.Life] = new MovedLife(ledger.Send().Sequence, ledger);
        }

        return true;
    }

    /// <summary>These suspects turned out to be none.</summary>
    public void OnSuspectsCleared(SuspectsCleared cleared)
    {
        foreach (var counts in cleared.Lives)
        {
            if (!Undone.Knows(counts.Life))
            {
                _whereabouts.Learn(counts);
            }
        }

        foreach (var (life, moved) in _moved.ToList())
        {
            if (_whereabouts.CountsForEver(life, moved.Label))
            {
                _moved.Remove(life);
            }
            else if (!_whereabouts.SiloOf(life, moved.Label).IsUnknown)
            {
                _moved[life] = moved with { OnItsWay = null };
            }
        }
    }

    /// <summary>The lives that stopped here, or moved away and are on no silo that is known to live, as long as it is not known where they ended.</summary>
    public IEnumerable<Suspect> StoppedLives() => _stopped.Select(life => new Suspect(life, AskLife.AllLabels))
        .Concat(_moved.Where(moved => IsOpen(moved.Key, moved.Value.Label)).Select(moved => new Suspect(moved.Key, moved.Value.Label)));

    /// <summary>
    /// RB-8: asked whenever a message is recorded, however long it has waited (SPEC K33). Nothing is dropped on suspicion. This, <see cref="Undone"/> and
    /// <see cref="WasThere"/> may be read from any thread; all else is for one at a time.
    /// </summary>
    public bool Drops(MessageStamp stamp) => Undone.Contains(stamp);

    /// <summary>Whether the sender was on a silo that is gone when it sent this.</summary>
    public bool WasThere(MessageStamp stamp) => !_gone.IsEmpty && _gone.Contains(stamp.Sender.Silo);

    /// <summary>Whether a label that is recorded now comes from a life that may have been lost: then the silo has something to report.</summary>
    public bool Suspects(MessageStamp stamp) => WasThere(stamp) && IsOpen(stamp.Sender, stamp.Sequence);

    /// <summary>Installs the facts. The host then tests every participant of the silo, each in a turn of its own, and answers with what it found.</summary>
    /// <returns>How many facts of that coordinator are installed now; null if it is outdated (RB-24).</returns>
    public int? OnInstallEnds(InstallEnds install)
    {
        if (IsOutdated(install.Epoch))
        {
            return null;
        }

        foreach (var end in install.Ends)
        {
            Undone.Install(end);
            _stopped.Remove(end.Life);
            _moved.Remove(end.Life);
        }

        _whereabouts.Forget(install.Ends);

        var position = Math.Max(_positions.GetValueOrDefault(install.Coordinator), install.Forgotten);
        if (install.Position <= position)
        {
            position = Math.Max(position, install.Position + install.Ends.Length);
        }

        return _positions[install.Coordinator] = position;
    }

    /// <summary>RB-24: whether a coordinator of that epoch has been followed by another one, as far as this silo knows.</summary>
    public bool IsOutdated(long epoch)
    {
        if (epoch > Obeyed)
        {
            Obeyed = epoch;
            _positions.Clear();
        }

        return epoch < Obeyed;
    }

    /// <summary>
    /// All participants of this silo have been tested; those that are on their way to another one are tested here. As long as one of those is an orphan
    /// this silo is not done: nobody knows yet whether that life will get ready or is lost.
    /// </summary>
    public EndsInstalled OnTested(InstallEnds install, int position, ImmutableArray<Life> orphans) => new(
        silo,
        install.Coordinator,
        install.Epoch,
        position,
        orphans,
        IsAnyOrphanOnItsWay,
        install.AsksForAll ? [.. Undone.Ends] : null);

    /// <summary>
    /// RB-23: forgets what it was told before the last call, and not since. Where lives ended can be asked again, and whoever has moved away is looked for again, until its
    /// labels count for ever. But while somebody here is an orphan, or may be, no end is forgotten: when it goes on at last, nobody would tell it.
    /// </summary>
    public void ForgetOlder(bool hasOrphans)
    {
        if (!hasOrphans && !IsAnyOrphanOnItsWay)
        {
            Undone.ForgetOlder();
        }

        _whereabouts.ForgetOlder();
    }

    /// <summary>Would this life be an orphan if those had ended there? Nothing is installed.</summary>
    public static WouldBeOrphan? Test(TestEnds test, Ledger ledger)
    {
        foreach (var receipt in ledger.AllReceipts())
        {
            foreach (var end in test.Ends)
            {
                if (end.Life.Equals(receipt.Sender) && receipt.Sequence > end.LastSequence)
                {
                    return new WouldBeOrphan(ledger.Life, receipt, end.LastSequence);
                }
            }
        }

        return null;
    }

    /// <summary>All participants of this silo have been tested; those that are on their way to another one are tested here.</summary>
    public EndsTested OnTested(TestEnds test, IEnumerable<WouldBeOrphan> orphans) => new(
        test.Request,
        silo,
        test.Wave,
        [.. orphans.Concat(_moved.Values.Select(moved => moved.OnItsWay is { } ledger ? Test(test, ledger) : null).OfType<WouldBeOrphan>())]);

    /// <summary>
    /// The lives that this ledger has heard of and that may have been lost with a silo, or of which another life is known too (RB-14), as long as it
    /// is known neither where they are nor where they ended.
    /// </summary>
    public IEnumerable<Suspect> SuspectsIn(Ledger ledger)
    {
        if (_gone.Count > 0)
        {
            foreach (var receipt in ledger.AllReceipts())
            {
                if (_gone.Contains(receipt.Sender.Silo) && IsOpen(receipt.Sender, receipt.Sequence))
                {
                    yield return new Suspect(receipt.Sender, receipt.Sequence);
                }
            }
        }

        foreach (var receipt in ledger.Received.OfSeveralLives())
        {
            if (IsOpen(receipt.Sender, receipt.Sequence))
            {
                yield return new Suspect(receipt.Sender, receipt.Sequence);
            }
        }
    }

    /// <summary>Whether it has to be asked what became of that label.</summary>
    private bool IsOpen(Life life, long label)
    {
        if (Undone.Knows(life) || _whereabouts.CountsForEver(life, label))
        {
            return false;
        }

        var where = _whereabouts.SiloOf(life, label);
        return where.IsUnknown || _gone.Contains(where);
    }

    /// <param name="Label">The label that the move took.</param>
    /// <param name="OnItsWay">Its ledger, until the life was found on another silo.</param>
    private sealed record MovedLife(long Label, Ledger? OnItsWay);
}
