using Checkpointing.SiloHost.Bank;

namespace Checkpointing.SiloHost.Demo;

/// <summary>Asks for a checkpoint of everything, again and again at random intervals, while transfers run.</summary>
internal sealed class CheckpointRequests(BankClient bank, AcknowledgedLog log, RecoveryJudge judge, DemoFigures figures) : IAsyncDisposable
{
    private const int ShortestPauseMilliseconds = 150;
    private const int LongestPauseMilliseconds = 600;

    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _firstCommitted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _nextAsked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _requests = Task.CompletedTask;

    /// <summary>Completes when the first checkpoint of this period is committed.</summary>
    public Task FirstCommitted => _firstCommitted.Task;

    /// <summary>Completes when the next checkpoint is asked for.</summary>
    public Task NextAsked => Volatile.Read(ref _nextAsked).Task;

    public void Start(Random random) => _requests = Task.Run(() => Run(random));

    /// <summary>Returns when no request is under way.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _requests;
        _stop.Dispose();
    }

    /// <summary>Asks once, and tells the judge what was promised.</summary>
    public async Task<CheckpointResult?> Ask()
    {
        // Every transfer that is acknowledged by now must be in a checkpoint that begins later.
        var acknowledgedBefore = log.LastAcknowledged;
        var answer = bank.TakeCheckpoint();
        Interlocked.Exchange(ref _nextAsked, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        var result = await answer;
        switch (result)
        {
            case { Status: CheckpointStatus.Committed or CheckpointStatus.PartlyCommitted }:
                judge.CheckpointCommitted(acknowledgedBefore, LedgersLeftOut(result));
                figures.CountRound(result);
                await log.Note($"checkpoint {result.Round} asked-after {acknowledgedBefore} participants {result.Participants.Count} left-out {result.LeftOut.Count}");
                _firstCommitted.TrySetResult();
                break;
            case { Status: CheckpointStatus.NothingToDo }:
                judge.NothingToCheckpoint(acknowledgedBefore);
                break;
            case { Status: CheckpointStatus.Aborted }:
                figures.CountAborted(result);
                break;
        }

        return result;
    }

    private static HashSet<int> LedgersLeftOut(CheckpointResult result)
    {
        var leftOut = result.LeftOut.Select(participant => participant.GrainId.ToString()).ToHashSet();
        return [.. Enumerable.Range(0, LedgerShards.Count).Where(ledger => leftOut.Contains($"ledger/{ledger}"))];
    }

    private async Task Run(Random random)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(random.Next(ShortestPauseMilliseconds, LongestPauseMilliseconds), _stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            await Ask();
        }
    }
}
