using Checkpointing.Simulation.Tests.Runtime;

namespace Checkpointing.Simulation.Tests.Faults;

/// <summary>How likely each fault is in one simulation. Drawn from the seed: each kind is absent in many runs, so that faults are also seen alone.</summary>
internal sealed record FaultProfile
{
    public static FaultProfile None { get; } = new();

    public double ControlLost { get; init; }

    public double ControlDuplicated { get; init; }

    public double ControlDelayed { get; init; }

    public double StorageSlow { get; init; }

    public double StorageFailed { get; init; }

    public double StorageUnknownLanded { get; init; }

    public double StorageUnknownNotLanded { get; init; }

    public double StorageLandsLate { get; init; }

    /// <summary>Among the writes that fail, or of which nobody knows: those that take long, as most do that time out.</summary>
    public double SlowFailure { get; init; }

    public double ReadFails { get; init; }

    /// <summary>Per step of the coordinator.</summary>
    public double CoordinatorCrash { get; init; }

    /// <summary>A crashed coordinator that goes on for a while, as one that is only cut off does.</summary>
    public double Zombie { get; init; }

    /// <summary>Per step of a participant or the coordinator.</summary>
    public double EverythingCrash { get; init; }

    public double CleanRestart { get; init; }

    public double CaptureFails { get; init; }

    public double Unwilling { get; init; }

    /// <summary>A control message on its way outlives a crash of everything and reaches the next lives.</summary>
    public double ControlOutlivesCrash { get; init; } = 0.3;

    public int MostCrashes { get; init; } = 4;

    /// <summary>Per step of a participant, of the coordinator or of a rollback.</summary>
    public double SiloCrash { get; init; }

    /// <summary>A silo that is declared dead goes on for a while.</summary>
    public double FalseSuspicion { get; init; }

    /// <summary>Per snapshot that is written, and per participant that has to roll back while it is in doubt.</summary>
    public double LossWhileInDoubt { get; init; }

    /// <summary>Per chance of a grain to move, a few hundred a second.</summary>
    public double Move { get; init; }

    /// <summary>Per chance of a silo to stop in order, a few hundred a second.</summary>
    public double OrderlyStop { get; init; }

    /// <summary>Per chance of somebody to ask for a rollback, some a second.</summary>
    public double RequestedRollback { get; init; }

    public double UnwillingToRollBack { get; init; }

    /// <summary>Per start of a participant: its storage cannot be read for long.</summary>
    public double StuckStart { get; init; }

    /// <summary>Among the moves, those during which one of the two silos dies.</summary>
    public double LossWhileMoving { get; init; }

    public int MostSiloCrashes { get; init; } = 5;

    /// <summary>Per step of a participant, of the coordinator or of a rollback.</summary>
    public double Silence { get; init; }

    /// <summary>Per step of a participant, of the coordinator or of a rollback.</summary>
    public double Pause { get; init; }

    public int MostPauses { get; init; } = 3;

    /// <summary>Per step of a participant, of the coordinator or of a rollback.</summary>
    public double BrokenConnection { get; init; }

    /// <summary>Nothing that keeps a gate closed until the participant's own timer: then the pause bound holds without it.</summary>
    public bool LosesNoControlMessage => ControlLost == 0 && CoordinatorCrash == 0 && EverythingCrash == 0 && CleanRestart == 0 && SiloCrash == 0
        && Move == 0 && OrderlyStop == 0 && Silence == 0 && Pause == 0;

    public bool IsCalm => this == None;

    /// <summary>Seeds from here on are stormier: half of all control messages suffer, and there are many crashes.</summary>
    public const ulong FirstStormySeed = 1_000_000;

    /// <summary>Seeds from here on lose single silos.</summary>
    public const ulong FirstSiloSeed = 2_000_000;

    public static FaultProfile Draw(SeededRandom random, ulong seed) =>
        seed >= FirstSiloSeed ? WithSlowFailures(DrawWithSilos(random), seed) with
        {
            Silence = FallsSilent(seed) ? 0.001 * (1 << (int)(seed / 5 % 4)) : 0,
            Pause = IsPaused(seed) ? 0.0015 * (1 << (int)(seed / 7 % 4)) : 0,
            BrokenConnection = BreaksConnections(seed) ? 0.005 * (1 << (int)(seed / 11 % 4)) : 0,
        }
        : seed >= FirstStormySeed ? DrawStormy(random)
        : DrawUsual(random);

    /// <summary>Whether single silos fall silent in this simulation.</summary>
    public static bool FallsSilent(ulong seed) => seed % 5 is 2 or 3;

    /// <summary>Whether single silos are paused in this simulation.</summary>
    public static bool IsPaused(ulong seed) => seed >= FirstSiloSeed && seed % 7 is 1 or 4;

    /// <summary>Whether connections between silos break in this simulation.</summary>
    public static bool BreaksConnections(ulong seed) => seed >= FirstSiloSeed && seed % 11 is 2 or 4 or 6;

    /// <summary>Whether half of all writes fail in this simulation, slowly, so that whoever has written may have to roll back meanwhile. Then rollbacks are asked for more often too.</summary>
    public static bool FailsSlowly(ulong seed) => seed >= FirstSiloSeed && seed % 17 is 0 or 1 or 4 or 6 or 7 or 8 or 9 or 10;

    private static FaultProfile WithSlowFailures(FaultProfile profile, ulong seed)
    {
        if (!FailsSlowly(seed))
        {
            return profile;
        }

        var slow = profile with { SlowFailure = 1, LossWhileInDoubt = 0.6, RequestedRollback = 1 };
        return (seed / 17 % 4) switch
        {
            0 => slow with { StorageFailed = 0.6 },
            1 => slow with { StorageUnknownLanded = 0.5 },
            2 => slow with { StorageUnknownNotLanded = 0.6 },
            _ => slow with { StorageLandsLate = 0.5 },
        };
    }

    private static FaultProfile DrawWithSilos(SeededRandom random)
    {
        var profile = random.Chance(0.3) ? None : DrawUsual(random);
        if (random.Chance(0.4))
        {
            // Decisions that take long: who has to roll back is often in doubt.
            profile = profile with { StorageSlow = 0.5, ControlLost = 0.1, ControlDuplicated = 0.15, ControlDelayed = 0.2, EverythingCrash = 0.002 };
        }

        return profile with
        {
            SiloCrash = 0.001 * (1 << random.Next(4)),
            FalseSuspicion = random.Chance(0.8) ? 0.6 : 0,
            LossWhileInDoubt = random.Chance(0.5) ? 0.15 : 0,
            Zombie = random.Chance(0.5) ? 0.5 : 0,
            MostSiloCrashes = 1 + random.Next(5),
            Move = random.Chance(0.5) ? 0.05 * (1 << random.Next(4)) : 0,
            OrderlyStop = random.Chance(0.5) ? 0.01 * (1 << random.Next(3)) : 0,
            RequestedRollback = random.Chance(0.5) ? 0.5 : 0,
            UnwillingToRollBack = random.Chance(0.4) ? 0.1 : 0,
            LossWhileMoving = random.Chance(0.5) ? 0.3 : 0,
            StuckStart = random.Chance(0.2) ? 0.05 : 0,
        };
    }

    private static FaultProfile DrawStormy(SeededRandom random) => DrawUsual(random) with
    {
        ControlLost = random.Chance(0.6) ? 0.05 + (0.1 * random.Next(4)) : 0,
        ControlDuplicated = random.Chance(0.7) ? 0.1 + (0.1 * random.Next(4)) : 0,
        ControlDelayed = random.Chance(0.7) ? 0.1 + (0.1 * random.Next(5)) : 0,
        CoordinatorCrash = random.Chance(0.6) ? 0.01 + (0.01 * random.Next(3)) : 0,
        EverythingCrash = random.Chance(0.5) ? 0.002 + (0.004 * random.Next(3)) : 0,
        ControlOutlivesCrash = 0.9,
        MostCrashes = 10,
    };

    private static FaultProfile DrawUsual(SeededRandom random)
    {
        if (random.Chance(0.15))
        {
            return None;
        }

        double Perhaps(double share, params ReadOnlySpan<double> levels)
        {
            var level = levels[random.Next(levels.Length)];
            return random.Chance(share) ? level : 0;
        }

        return new FaultProfile
        {
            ControlLost = Perhaps(0.35, 0.01, 0.03, 0.1),
            ControlDuplicated = Perhaps(0.4, 0.02, 0.1, 0.3),
            ControlDelayed = Perhaps(0.45, 0.02, 0.1, 0.25),
            StorageSlow = Perhaps(0.3, 0.05, 0.2),
            StorageFailed = Perhaps(0.3, 0.02, 0.1),
            StorageUnknownLanded = Perhaps(0.3, 0.03, 0.15),
            StorageUnknownNotLanded = Perhaps(0.3, 0.03, 0.1),
            StorageLandsLate = Perhaps(0.3, 0.03, 0.15),
            ReadFails = Perhaps(0.2, 0.05, 0.2),
            CoordinatorCrash = Perhaps(0.35, 0.003, 0.01),
            Zombie = Perhaps(0.7, 0.5, 0.9),
            EverythingCrash = Perhaps(0.3, 0.001, 0.004),
            CleanRestart = Perhaps(0.4, 0.05, 0.2),
            CaptureFails = Perhaps(0.15, 0.03),
            Unwilling = Perhaps(0.15, 0.03),
        };
    }
}
