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
    private ImmutableHashSet<SiloId> _gone = [];
    private readonly HashSet<Life> _stopped = [];
    private readonly Dictionary<Guid, int> _positions = [];

    /// <summary>Facts about ended lives, for all participants of this silo.</summary>
    public UndoneLabels Undone { get; } = new();

    /// <summary>Whether a life that begins here may have a predecessor that only seems to be gone.</summary>
    public bool KnowsOfGoneSilos => _gone.Count > 0;

    /// <summary>From now on nothing is received from lives of that silo; what was received before is suspect.</summary>
    public void OnSiloGone(SiloId gone) => _gone = _gone.Add(gone);

    /// <summary>RB-9: a life of this silo stopped without having got ready: nobody but its successor can say where it ended (SPEC K32).</summary>
    public void OnLifeStopped(Life life) => _stopped.Add(life);

    /// <summary>The lives that stopped here, as long as it is not known where they ended.</summary>
    public IEnumerable<Suspect> StoppedLives()
    {
        _stopped.RemoveWhere(Undone.Knows);
        return _stopped.Select(life => new Suspect(life, AskLife.AllLabels));
    }

    /// <summary>
    /// RB-8: asked whenever a message is recorded, however long it has waited (SPEC K33). This and <see cref="Undone"/> may be read from any thread; all
    /// else is for one at a time.
    /// </summary>
    public bool Drops(MessageStamp stamp) => Undone.Contains(stamp) || (_gone.Count > 0 && _gone.Contains(stamp.Sender.Silo));

    /// <summary>Installs the facts. The host then tests every participant of the silo, each in a turn of its own, and answers with what it found.</summary>
    /// <returns>
    /// How many facts of that coordinator are installed now, and what the silo had known before if it hears of the coordinator for the first time.
    /// </returns>
    public (int Position, ImmutableArray<LifeEnd> OwnEnds) OnInstallEnds(InstallEnds install)
    {
        ImmutableArray<LifeEnd> own = [];
        if (!_positions.TryGetValue(install.Coordinator, out var position))
        {
            own = [.. Undone.Ends];
        }

        foreach (var end in install.Ends)
        {
            Undone.Install(end);
        }

        if (install.Position <= position)
        {
            position = Math.Max(position, install.Position + install.Ends.Length);
        }

        _positions[install.Coordinator] = position;
        return (position, own);
    }

    public EndsInstalled OnTested(InstallEnds install, (int Position, ImmutableArray<LifeEnd> OwnEnds) installed, ImmutableArray<Life> orphans) =>
        new(silo, install.Coordinator, installed.Position, orphans, installed.OwnEnds);

    /// <summary>The lives that this ledger has heard of and that were lost with a silo, as long as it is not known where they ended.</summary>
    public IEnumerable<Suspect> SuspectsIn(Ledger ledger)
    {
        if (_gone.Count == 0)
        {
            yield break;
        }

        foreach (var receipt in ledger.AllReceipts())
        {
            if (_gone.Contains(receipt.Sender.Silo) && !Undone.Knows(receipt.Sender))
            {
                yield return new Suspect(receipt.Sender, AskLife.AllLabels);
            }
        }
    }
}
