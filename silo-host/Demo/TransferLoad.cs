using System.Globalization;
using Checkpointing.SiloHost.Bank;

namespace Checkpointing.SiloHost.Demo;

/// <summary>
/// Callers that make transfers, each one after the other, from the start of a period to its end. A request whose answer is missing is not sent again:
/// nobody knows what became of it, and either is right.
/// </summary>
internal sealed class TransferLoad : IAsyncDisposable
{
    private const int LargestAmount = 2_000;
    private const int MostThinkingMilliseconds = 8;

    // One in so many acknowledged transfers is sent a second time: it must be answered as before and change nothing.
    private const int RepeatedOneIn = 50;

    // What a hanging bank costs each caller before the period is over anyway.
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromMilliseconds(50);

    private readonly DemoOptions _options;
    private readonly BankClient _bank;
    private readonly AcknowledgedLog _log;
    private readonly RecoveryJudge _judge;
    private readonly DemoFigures _figures;
    private readonly string _period;
    private readonly CancellationTokenSource _stop = new();
    private Task _callers = Task.CompletedTask;
    private int _lastId;

    public TransferLoad(DemoOptions options, int period, BankClient bank, AcknowledgedLog log, RecoveryJudge judge, DemoFigures figures)
    {
        _options = options;
        _bank = bank;
        _log = log;
        _judge = judge;
        _figures = figures;
        _period = period.ToString(CultureInfo.InvariantCulture);
    }

    public void Start(Random random) =>
        _callers = Task.WhenAll(Enumerable.Range(0, _options.Callers).Select(_ => new Random(random.Next())).ToArray().Select(own => Task.Run(() => Call(own))));

    /// <summary>Lets every caller finish its request, and returns when no request is under way.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _callers;
        _stop.Dispose();
    }

    private async Task Call(Random random)
    {
        while (!_stop.IsCancellationRequested)
        {
            var transfer = Draw(random);
            _judge.Sent(transfer);
            var status = await _bank.MakeTransfer(transfer);
            switch (status)
            {
                case TransferStatus.Done:
                    _judge.Acknowledged(transfer.Id, await _log.Acknowledge(transfer));
                    _figures.CountAcknowledged();
                    if (random.Next(RepeatedOneIn) == 0 && await _bank.MakeTransfer(transfer) is not (null or TransferStatus.Done))
                        _figures.Complain($"transfer {transfer} was done, and a repetition of it was refused");

                    break;
                case null:
                    _figures.CountUnknown();
                    await Pause(PauseAfterFailure);
                    break;
                default:
                    _figures.CountRefused();
                    break;
            }

            await Pause(TimeSpan.FromMilliseconds(random.Next(MostThinkingMilliseconds)));
        }
    }

    private Transfer Draw(Random random)
    {
        var from = random.Next(_options.Accounts);
        var to = (from + 1 + random.Next(_options.Accounts - 1)) % _options.Accounts;
        var id = string.Create(CultureInfo.InvariantCulture, $"{_period}-{Interlocked.Increment(ref _lastId)}");
        return new Transfer { Id = id, From = from, To = to, Cents = random.Next(1, LargestAmount) };
    }

    private Task Pause(TimeSpan time) => Task.Delay(time, _stop.Token).ContinueWith(static _ => { }, TaskScheduler.Default);
}
