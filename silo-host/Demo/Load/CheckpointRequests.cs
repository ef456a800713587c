using Checkpointing.SiloHost.Bank;
using Checkpointing.SiloHost.Demo.Judging;

namespace Checkpointing.SiloHost.Demo.Load;

/// <summary>Asks for a checkpoint of everything, again and again at random intervals, while transfers run.</summary>
internal sealed class CheckpointRequests(BankClient bank, AcknowledgedLog log, RecoveryJudge judge, DemoFigures figures) : IAsyncDisposable
{
    private const int ShortestPauseMilliseconds = 150;
    private const int LongestPauseMilliseconds = 600;

    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _somethingPromised = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _nextAsked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _requests = Task.CompletedTask;

    /// <summary>Completes when a checkpoint is committed that has transfers of this period.</summary>
    public Task SomethingPromised => _somethingPromised.Task;

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
    private async Task Ask()
    {
        // Every transfer that is acknowledged by now must be in a checkpoint that begins later.
        var acknowledgedBefore = log.LastAcknowledged;
        var asked = judge.CheckpointAsked();
        var request = bank.TakeCheckpoint();
        Interlocked.Exchange(ref _nextAsked, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        var answer = await request;
        if (answer.Error is { } error)
        {
            figures.CountError(error);
            return;
        }

        var result = answer.Value!;
        if (SaysWhoWasTaken(result) && NamesAll(result))
            judge.CheckpointAnswered(asked, result.Participants.Select(participant => participant.GrainId.ToString()).ToHashSet());

        switch (result.Status)
        {
            case CheckpointStatus.Committed or CheckpointStatus.PartlyCommitted:
                var taken = Ledgers(result.Participants.Select(participant => participant.GrainId));
                judge.CheckpointCommitted(new CommittedRound(
                    acknowledgedBefore,
                    DateTimeOffset.UtcNow,
                    taken,
                    NamesAll(result) ? Ledgers(result.LeftOut.Select(participant => participant.GrainId)) : [.. Enumerable.Range(0, LedgerShards.Count).Except(taken)]));
                figures.CountRound(result);
                await log.Note($"checkpoint {result.Round} asked-after {acknowledgedBefore} participants {result.Participants.Count} left-out {result.LeftOut.Count}");
                if (!SomethingPromised.IsCompleted && judge.IsAnythingPromised())
                    _somethingPromised.TrySetResult();

                break;
            case CheckpointStatus.NothingToDo:
                judge.CheckpointCommitted(CommittedRound.NothingToDo(acknowledgedBefore, DateTimeOffset.UtcNow));
                break;
            case CheckpointStatus.Aborted:
                figures.CountAborted(result);
                break;
        }
    }

    private static bool SaysWhoWasTaken(CheckpointResult result) =>
        !result.LeftOut.Select(grain => grain.Reason).Append(result.Reason).Any(reason => reason is CheckpointAbortReason.CoordinatorReplaced or CheckpointAbortReason.AwaitedInsideRound);

    /// <summary>Whether whoever has changed and was not taken is named.</summary>
    private static bool NamesAll(CheckpointResult result) => result.Reason != CheckpointAbortReason.SiloNotAsked;

    private static HashSet<int> Ledgers(IEnumerable<GrainId> grains)
    {
        var ids = grains.Select(grain => grain.ToString()).ToHashSet();
        return [.. Enumerable.Range(0, LedgerShards.Count).Where(ledger => ids.Contains(BankGrains.LedgerId(ledger)))];
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

            try
            {
                await Ask();
            }
            catch (UnexpectedAnswerException error)
            {
                figures.Complain($"a request for a checkpoint met an error that does not pass: {error.Message}");
            }
        }
    }
}
