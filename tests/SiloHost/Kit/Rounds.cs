using Checkpointing.SiloHost.Demo.Judging;

namespace Checkpointing.SiloHost.Tests.Kit;

/// <summary>Committed rounds, and moments in seconds.</summary>
internal static class Rounds
{
    public static DateTimeOffset At(int second) => DateTimeOffset.UnixEpoch.AddSeconds(second);

    public static CommittedRound Committed(long acknowledgedBefore, int at, int[]? taken = null, int[]? leftOut = null) =>
        new(acknowledgedBefore, At(at), (taken ?? []).ToHashSet(), (leftOut ?? []).ToHashSet());
}
