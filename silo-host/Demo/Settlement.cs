using Checkpointing.SiloHost.Demo.Silos;

namespace Checkpointing.SiloHost.Demo;

/// <summary>
/// Brings the bank to rest when no transfer runs: no rollback is pending, and a checkpoint leaves out nobody. What is judged then is permanent, and a grain
/// that still depended on lost work would have been noticed.
/// </summary>
internal sealed class Settlement(DemoScene scene)
{
    private const int MostAttempts = 20;
    private static readonly TimeSpan LongestRollback = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan BetweenAttempts = TimeSpan.FromMilliseconds(250);

    /// <summary>Null when it is at rest; else why not.</summary>
    public async Task<string?> Settle(CancellationToken cancellationToken)
    {
        if (await scene.Views.WaitUntil(views => !SiloViews.IsRollbackPending(views), LongestRollback, cancellationToken) is null)
            return $"no transfer ran any more, and after {LongestRollback.TotalSeconds:0} s a silo still reported a pending rollback";

        return await MakePermanent(cancellationToken);
    }

    /// <summary>Null when all that is there is permanent; else why not.</summary>
    public async Task<string?> MakePermanent(CancellationToken cancellationToken)
    {
        var problem = "";
        for (var attempt = 1; attempt <= MostAttempts; attempt++)
        {
            var answer = await scene.Bank.TakeCheckpoint();
            if (answer.Value is { } result)
            {
                if (result.Status is CheckpointStatus.Committed or CheckpointStatus.PartlyCommitted)
                    scene.Figures.CountRound(result);

                if (result is { Status: CheckpointStatus.Committed or CheckpointStatus.NothingToDo, LeftOut.Count: 0 })
                    return null;

                problem = $"{result.Status} {result.Reason}, {result.LeftOut.Count} grains left out. {result.Detail}";
            }
            else
            {
                problem = $"it met the error {answer.Error}";
            }

            await Task.Delay(BetweenAttempts, cancellationToken);
        }

        return $"no transfer ran any more, and no checkpoint of everything was committed: {problem}";
    }
}
