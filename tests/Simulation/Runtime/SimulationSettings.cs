using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Simulation.Tests.Faults;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>The host's time for each timer, in simulated milliseconds; proportions as in the defaults of the library.</summary>
internal sealed record SimulationSettings
{
    private const double UsualCancellation = 0.03;

    public long DrainBudget { get; init; } = 120;

    public long PauseBound { get; init; } = 200;

    public long VoteBudget { get; init; } = 300;

    public long ResendInterval { get; init; } = 40;

    public long RetakeBackOff { get; init; } = 4;

    /// <summary>A committed round is left so long to be proven by later rounds.</summary>
    public long QuietTime { get; init; } = 100;

    public int FewestActors { get; init; } = 5;

    /// <summary>How many of the calls between actors are cancelled.</summary>
    public double Cancellation { get; init; }

    /// <summary>RB-22.</summary>
    public int LivesRemembered { get; init; } = IncarnationTable.Capacity;

    /// <summary>RB-23: how long silos remember at least what they were told; longer than any silo is silent or paused. Coordinators remember it half as long.</summary>
    public long? Memory { get; init; }

    /// <summary>So long faults happen; where silos are paused, long enough for them to go on while faults still happen.</summary>
    public long StormyTime { get; init; } = 1500;

    /// <summary>Longer than anybody waits for anything; but silos remember what they were told for longer than that.</summary>
    public long LongestPause => Memory is null ? 4000 : 2000;

    /// <summary>So that a simulation ends: nothing is forgotten from then on.</summary>
    public long ForgettingEnds { get; init; } = 6000;

    /// <summary>Some simulations with several silos forget soon, the others never.</summary>
    public static SimulationSettings Of(ulong seed) => seed < FaultProfile.FirstSiloSeed ? new() { Cancellation = UsualCancellation } : new()
    {
        Cancellation = UsualCancellation,
        StormyTime = FaultProfile.IsPaused(seed) ? 3000 : 1500,
        LivesRemembered = (seed % 4) switch { 0 => 1, 1 => 2, _ => IncarnationTable.Capacity },
        Memory = seed % 3 == 0 && (FaultProfile.FallsSilent(seed) || FaultProfile.IsPaused(seed)) ? 2500 : seed % 3 == 0 ? 400 : null,
    };

    public long Duration(RoundTimer timer, SeededRandom random) => timer.Kind switch
    {
        RoundTimerKind.DrainDue => DrainBudget,
        RoundTimerKind.PauseDue => PauseBound,
        RoundTimerKind.RetakeDue => Math.Min(RetakeBackOff << Math.Min(timer.Count - 1, 4), 64) + random.Next(4),
        RoundTimerKind.ResendDue => ResendInterval << Math.Min(timer.Count, RoundTimer.LongestResend),
        RoundTimerKind.VoteDue => VoteBudget,
        RoundTimerKind.RetryDue => (40L << timer.Count) + random.Next(40),
        RoundTimerKind.ProofsDue => QuietTime,
        RoundTimerKind.NextProofsDue => 10,
        RoundTimerKind.RecordDue => 20,
        _ => throw new ArgumentOutOfRangeException(nameof(timer)),
    };
}
