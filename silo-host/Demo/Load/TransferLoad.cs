using System.Diagnostics;
using System.Globalization;
using Checkpointing.SiloHost.Bank;
using Checkpointing.SiloHost.Demo.Judging;

namespace Checkpointing.SiloHost.Demo.Load;

/// <summary>
/// Callers that make transfers, each one after the other, from the start of a period to its end. A transfer that meets an error that passes is sent again
/// with the same id until it has an answer: the bank knows it by its id, so it never happens twice.
/// </summary>
internal sealed class TransferLoad : IAsyncDisposable
{
    private const int LargestAmount = 2_000;
    private const int MostThinkingMilliseconds = 8;

    // One in so many acknowledged transfers is sent a second time: it must be answered as before and change nothing.
    private const int RepeatedOneIn = 50;

    private static readonly TimeSpan PauseAfterError = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestBeyondDetection = TimeSpan.FromMinutes(1);

    private readonly DemoOptions _options;
    private readonly BankClient _bank;
    private readonly AcknowledgedLog _log;
    private readonly RecoveryJudge _judge;
    private readonly DemoFigures _figures;
    private readonly AccountGroups _groups;
    private readonly string _period;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _giveUp = new();
    private Task _callers = Task.CompletedTask;
    private LedgerWatch _ledgers = new(0);
    private int _lastId;

    public TransferLoad(DemoOptions options, int period, BankClient bank, AcknowledgedLog log, RecoveryJudge judge, DemoFigures figures)
    {
        _options = options;
        _bank = bank;
        _log = log;
        _judge = judge;
        _figures = figures;
        _groups = new AccountGroups(options.Groups, options.Accounts);
        _period = period.ToString(CultureInfo.InvariantCulture);
    }

    public void Start(Random random) =>
        _callers = Task.WhenAll(Enumerable.Range(0, _options.Callers).Select(_ => new Random(random.Next())).ToArray().Select(own => Task.Run(() => Call(own))));

    /// <summary>Completes when, through every ledger, a transfer has succeeded that was sent after this call.</summary>
    public Task EveryLedgerSucceeds()
    {
        var watch = new LedgerWatch(Volatile.Read(ref _lastId));
        Volatile.Write(ref _ledgers, watch);
        return watch.AllSucceeded;
    }

    /// <summary>No more transfers; and those under way are given up when they meet an error: nobody knows what became of them, and either is right.</summary>
    public void GiveUp()
    {
        _stop.Cancel();
        _giveUp.Cancel();
    }

    /// <summary>Lets every caller finish its transfer, and returns when no request is under way.</summary>
    public async Task Finish()
    {
        await _stop.CancelAsync();
        await _callers;
    }

    public async ValueTask DisposeAsync()
    {
        GiveUp();
        await Finish();
        _stop.Dispose();
        _giveUp.Dispose();
    }

    private async Task Call(Random random)
    {
        while (!_stop.IsCancellationRequested)
        {
            var (transfer, number) = Draw(random);
            _judge.Sent(transfer);
            try
            {
                if (await SendUntilAnswered(transfer) == TransferStatus.Done)
                {
                    _judge.Acknowledged(transfer.Id, await _log.Acknowledge(transfer));
                    _figures.CountAcknowledged();
                    Volatile.Read(ref _ledgers).Succeeded(number, LedgerShards.Of(transfer.Id));
                    if (random.Next(RepeatedOneIn) == 0 && await SendUntilAnswered(transfer) is not (null or TransferStatus.Done))
                        _judge.RepetitionRefused(transfer.Id);
                }
            }
            catch (UnexpectedAnswerException error)
            {
                _figures.Complain($"transfer {transfer} met an error that does not pass: {error.Message}");
                await Pause(PauseAfterError, _stop.Token);
            }

            await Pause(TimeSpan.FromMilliseconds(random.Next(MostThinkingMilliseconds)), _stop.Token);
        }
    }

    /// <summary>Null if it was given up.</summary>
    private async Task<TransferStatus?> SendUntilAnswered(Transfer transfer)
    {
        for (var watch = Stopwatch.StartNew(); ;)
        {
            var answer = await _bank.MakeTransfer(transfer);
            if (answer.Error is null)
                return answer.Value!.Status;

            _figures.CountError(answer.Error);
            if (_giveUp.IsCancellationRequested)
            {
                _figures.CountUnanswered();
                return null;
            }

            if (watch.Elapsed > _options.DetectionTime + LongestBeyondDetection)
                throw new UnexpectedAnswerException($"it was repeated for {watch.Elapsed.TotalSeconds:0} s, and still {answer.Error}");

            await Pause(PauseAfterError, _giveUp.Token);
        }
    }

    private (Transfer Transfer, int Number) Draw(Random random)
    {
        var (from, to) = _groups.DrawAccounts(random);
        while (true)
        {
            var number = Interlocked.Increment(ref _lastId);
            var id = string.Create(CultureInfo.InvariantCulture, $"{_period}-{number}");
            if (_groups.Fits(id, from))
                return (new Transfer { Id = id, From = from, To = to, Cents = random.Next(1, LargestAmount) }, number);
        }
    }

    private static Task Pause(TimeSpan time, CancellationToken until) => Task.Delay(time, until).ContinueWith(static _ => { }, TaskScheduler.Default);
}
