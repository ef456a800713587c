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

    /// <summary>Nothing that keeps a gate closed until the participant's own timer: then the pause bound holds without it.</summary>
    public bool LosesNoControlMessage => ControlLost == 0 && CoordinatorCrash == 0 && EverythingCrash == 0 && CleanRestart == 0;

    public bool IsCalm => this == None;

    public static FaultProfile Draw(SeededRandom random)
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
