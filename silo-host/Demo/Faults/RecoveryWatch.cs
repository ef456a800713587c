using System.Globalization;
using Checkpointing.SiloHost.Demo.Load;
using Checkpointing.SiloHost.Demo.Silos;

namespace Checkpointing.SiloHost.Demo.Faults;

/// <summary>When is the loss of a silo over? When no silo reports a pending rollback, every account answers, and transfers succeed through every ledger.</summary>
internal sealed class RecoveryWatch(DemoScene scene, LoadPeriod period)
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan PauseAfterError = TimeSpan.FromMilliseconds(50);

    /// <summary>Null when it is over; else what is missing.</summary>
    public async Task<string?> WaitUntilRecovered(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Longest);
        var missing = "";
        try
        {
            do
            {
                missing = "a silo still reported a pending rollback";
                await scene.Views.WaitUntil(views => !SiloViews.IsRollbackPending(views), limit.Token);
                missing = "not every account answered";
                await Task.WhenAll(Enumerable.Range(0, scene.Options.Accounts).Chunk(8).Select(accounts => WaitForAnswers(accounts, limit.Token)));
                missing = "transfers did not succeed through every ledger";
                await period.Transfers.EveryLedgerSucceeds().WaitAsync(limit.Token);
            }
            while (SiloViews.IsRollbackPending(await scene.Views.All(limit.Token)));
            return null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{Longest.TotalSeconds:0} s after the others knew of the dead silo, {missing}");
        }
    }

    private async Task WaitForAnswers(int[] accounts, CancellationToken cancellationToken)
    {
        foreach (var account in accounts)
        {
            while ((await scene.Bank.GetBalance(account)).Error is { } error)
            {
                scene.Figures.CountError(error);
                await Task.Delay(PauseAfterError, cancellationToken);
            }
        }
    }
}
