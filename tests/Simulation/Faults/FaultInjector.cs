using Checkpointing.Simulation.Tests.Runtime;

namespace Checkpointing.Simulation.Tests.Faults;

/// <summary>Decides which fault happens when, from the seed alone, and counts what it did. Pauses, broken connections and slow failures spend random numbers of their own.</summary>
internal sealed class FaultInjector(FaultProfile profile, SeededRandom random, SeededRandom pauses, SeededRandom connections, SeededRandom failures)
{
    /// <summary>In the order in which they are drawn.</summary>
    private static readonly (WriteFate Fate, FaultKind Kind, Func<FaultProfile, double> Chance)[] WriteFaults =
    [
        (WriteFate.Slow, FaultKind.StorageSlow, profile => profile.StorageSlow),
        (WriteFate.Fails, FaultKind.StorageFailed, profile => profile.StorageFailed),
        (WriteFate.UnknownLanded, FaultKind.StorageUnknownLanded, profile => profile.StorageUnknownLanded),
        (WriteFate.UnknownNotLanded, FaultKind.StorageUnknownNotLanded, profile => profile.StorageUnknownNotLanded),
        (WriteFate.LandsLate, FaultKind.StorageLandsLate, profile => profile.StorageLandsLate),
    ];

    private int _coordinatorCrashes;
    private int _everythingCrashes;
    private int _siloCrashes;
    private int _silences;
    private int _pauses;
    private bool _hasScriptedWrites;

    public FaultCounts Counts { get; } = new();

    /// <summary>Off from the moment on when the system is left alone to finish.</summary>
    public bool IsOn { get; set; } = true;

    /// <summary>A mutant of the store, see the mutants.</summary>
    public bool IgnoresETags { get; set; }

    /// <summary>Scripts decide the next fates themselves.</summary>
    public Queue<WriteFate> ScriptedWrites { get; } = new();

    public FaultProfile Profile => profile;

    /// <summary>Every write has landed and was known to, and nobody has crashed.</summary>
    public bool EveryWriteIsKnown => !_hasScriptedWrites && profile is
    {
        StorageFailed: 0, StorageUnknownLanded: 0, StorageUnknownNotLanded: 0, StorageLandsLate: 0, CoordinatorCrash: 0, EverythingCrash: 0,
    };

    public WriteFate NextWriteFate(StepOfRound step)
    {
        if (ScriptedWrites.TryDequeue(out var scripted))
        {
            _hasScriptedWrites = true;
            return scripted;
        }

        if (!IsOn)
        {
            return WriteFate.Lands;
        }

        foreach (var (fate, fault, chance) in WriteFaults)
        {
            if (Happens(chance(profile), fault, step))
            {
                return fate;
            }
        }

        return WriteFate.Lands;
    }

    /// <summary>So much longer this write takes than it usually does.</summary>
    public long Delay(WriteFate fate) =>
        IsOn && fate is not (WriteFate.Lands or WriteFate.Slow) && profile.SlowFailure > 0 && failures.Chance(profile.SlowFailure) ? failures.Between(60, 500) : 0;

    /// <summary>The same fault hits whoever stands in these steps.</summary>
    public void CountAlso(WriteFate fate, IEnumerable<StepOfRound> steps)
    {
        var kind = WriteFaults.Single(fault => fault.Fate == fate).Kind;
        foreach (var step in steps)
        {
            Counts.Hit(kind, step);
        }
    }

    public ControlFate NextControlFate(StepOfRound participant, StepOfRound coordinator)
    {
        if (!IsOn)
        {
            return ControlFate.Arrives;
        }

        return Happens(profile.ControlLost, FaultKind.ControlLost, participant, coordinator) ? ControlFate.Lost
            : Happens(profile.ControlDuplicated, FaultKind.ControlDuplicated, participant, coordinator) ? ControlFate.Duplicated
            : Happens(profile.ControlDelayed, FaultKind.ControlDelayed, participant, coordinator) ? ControlFate.Delayed
            : ControlFate.Arrives;
    }

    public bool ReadFails() => IsOn && random.Chance(profile.ReadFails);

    public bool CoordinatorCrashes(double factor) =>
        IsOn && _coordinatorCrashes < profile.MostCrashes && random.Chance(profile.CoordinatorCrash * factor) && ++_coordinatorCrashes > 0;

    public bool BecomesZombie() => random.Chance(profile.Zombie);

    /// <param name="factor">Some moments are rare and short.</param>
    public bool EverythingCrashes(double factor = 1) =>
        IsOn && _everythingCrashes < profile.MostCrashes && random.Chance(profile.EverythingCrash * factor) && ++_everythingCrashes > 0;

    public bool SiloCrashes(double factor) =>
        IsOn && _siloCrashes < profile.MostSiloCrashes && random.Chance(profile.SiloCrash * factor) && ++_siloCrashes > 0;

    /// <summary>While a snapshot is on its way to its slot: then it matters most whether an earlier life can still store one.</summary>
    public bool IsLostWhileInDoubt() =>
        IsOn && _siloCrashes < profile.MostSiloCrashes && random.Chance(profile.LossWhileInDoubt) && ++_siloCrashes > 0;

    /// <summary>Scripts decide the next starts themselves: how long they take.</summary>
    public Queue<long> ScriptedStarts { get; } = new();

    /// <summary>So long a participant that starts cannot read its slots.</summary>
    public long StuckFor() => ScriptedStarts.TryDequeue(out var scripted) ? scripted : IsOn && random.Chance(profile.StuckStart) ? random.Between(500, 5000) : 0;

    public bool FallsSilent(double factor) =>
        IsOn && profile.Silence > 0 && _silences < profile.MostSiloCrashes && random.Chance(profile.Silence * factor) && ++_silences > 0;

    public bool IsPaused(double factor) =>
        IsOn && profile.Pause > 0 && _pauses < profile.MostPauses && pauses.Chance(profile.Pause * factor) && ++_pauses > 0;

    /// <summary>As long as a message takes, as long as somebody waits, or longer.</summary>
    public long LengthOfPause(long longest) => pauses.Next(3) switch
    {
        0 => pauses.Between(20, 200),
        1 => pauses.Between(200, 1000),
        _ => pauses.Between(1000, longest),
    };

    /// <summary>When it is declared dead, or null.</summary>
    public long? SuspectedDuringPause(long length) => pauses.Chance(length > 200 ? 0.4 : 0.1) ? pauses.Between(1, length) : null;

    public bool ConnectionBreaks(double factor) => IsOn && profile.BrokenConnection > 0 && connections.Chance(profile.BrokenConnection * factor);

    /// <summary>For the choices that follow from a broken connection.</summary>
    public SeededRandom Connections => connections;

    public bool MayLoseAnother() => _siloCrashes < profile.MostSiloCrashes && ++_siloCrashes > 0;

    /// <summary>What was due while a silo was paused happens in about that order.</summary>
    public long LagAfterPause() => pauses.Between(0, 3);

    public bool Moves() => IsOn && random.Chance(profile.Move);

    public bool StopsInOrder(double factor) => IsOn && random.Chance(profile.OrderlyStop * factor);

    public bool IsLostWhileMoving() =>
        IsOn && _siloCrashes < profile.MostSiloCrashes && random.Chance(profile.LossWhileMoving) && ++_siloCrashes > 0;

    public bool IsFalseSuspicion() => random.Chance(profile.FalseSuspicion);

    public bool RestartsWhenClean() => IsOn && random.Chance(profile.CleanRestart);

    public bool CaptureFails() => IsOn && random.Chance(profile.CaptureFails);

    public bool IsUnwilling() => IsOn && random.Chance(profile.Unwilling);

    public bool IsUnwillingToRollBack() => IsOn && random.Chance(profile.UnwillingToRollBack);

    public bool RollbackIsRequested() => IsOn && random.Chance(profile.RequestedRollback);

    private bool Happens(double probability, FaultKind kind, params ReadOnlySpan<StepOfRound> steps)
    {
        if (!random.Chance(probability))
        {
            return false;
        }

        foreach (var step in steps)
        {
            Counts.Hit(kind, step);
        }

        return true;
    }
}
