using System.Globalization;

namespace Checkpointing.SiloHost.Demo.Load;

/// <summary>Transfers and requests for checkpoints, from the start of a period until its fault is over.</summary>
internal sealed class LoadPeriod : IAsyncDisposable
{
    private const int LongestAimAfterRequestMilliseconds = 60;

    // A period lasts longer than planned when no checkpoint with its transfers is committed; then the judge reports that nothing was tested.
    private static readonly TimeSpan LongestWaitForCheckpoint = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan BetweenFigures = TimeSpan.FromMilliseconds(200);

    private readonly DemoScene _scene;
    private readonly CheckpointRequests _checkpoints;
    private readonly CancellationTokenSource _stop = new();
    private Task _showing = Task.CompletedTask;
    private bool _isFinished;

    public LoadPeriod(DemoScene scene, int number)
    {
        _scene = scene;
        Transfers = new TransferLoad(scene.Options, number, scene.Bank, scene.Log, scene.Judge, scene.Figures);
        _checkpoints = new CheckpointRequests(scene.Bank, scene.Log, scene.Judge, scene.Figures);
    }

    public TransferLoad Transfers { get; }

    public void Start()
    {
        Transfers.Start(_scene.Random);
        _checkpoints.Start(new Random(_scene.Random.Next()));
        _showing = Task.Run(ShowFigures);
    }

    /// <summary>Waits for this share of the period.</summary>
    public Task Wait(double share, CancellationToken cancellationToken) => Task.Delay(_scene.Options.Period * share, cancellationToken);

    /// <summary>Waits until there is a checkpoint with transfers, so that a fault puts something at risk.</summary>
    public async Task WaitUntilUnderWay(CancellationToken cancellationToken)
    {
        await Wait(0.5 + (0.5 * _scene.Random.NextDouble()), cancellationToken);
        await Task.WhenAny(_checkpoints.SomethingPromised, Task.Delay(LongestWaitForCheckpoint, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Every other time, waits for a moment shortly after a checkpoint was asked for, so that the fault meets a round. Says which moment it is.</summary>
    public async Task<string> WaitForMoment(CancellationToken cancellationToken)
    {
        var aimed = _scene.Random.Next(2) == 0;
        var aim = _scene.Random.Next(LongestAimAfterRequestMilliseconds);
        if (!aimed)
            return "at a random moment";

        await Task.WhenAny(_checkpoints.NextAsked, Task.Delay(LongestWaitForCheckpoint, cancellationToken));
        await Task.Delay(aim, cancellationToken);
        return string.Create(CultureInfo.InvariantCulture, $"{aim} ms after a checkpoint was asked for");
    }

    /// <summary>Lets every caller finish its transfer. Returns when no request is under way.</summary>
    public async Task Finish()
    {
        if (_isFinished)
            return;

        _isFinished = true;
        await Transfers.Finish();
        await _checkpoints.DisposeAsync();
        await _stop.CancelAsync();
        await _showing;
    }

    public async ValueTask DisposeAsync()
    {
        Transfers.GiveUp();
        await Finish();
        await Transfers.DisposeAsync();
        _stop.Dispose();
    }

    private async Task ShowFigures()
    {
        while (!_stop.IsCancellationRequested)
        {
            _scene.Progress.Show(_scene.Figures);
            await Task.Delay(BetweenFigures, _stop.Token).ContinueWith(static _ => { }, TaskScheduler.Default);
        }
    }
}
