using System.Globalization;

namespace Checkpointing.SiloHost.Demo;

/// <summary>
/// Runs a bank on silo processes under load, kills all of them at random moments, starts them again and judges each recovery from outside.
/// </summary>
internal sealed class DemoRun : IAsyncDisposable
{
    private const int MostFailuresShown = 20;
    private const int SetupCheckpointAttempts = 20;
    private const int LongestAimAfterRequestMilliseconds = 60;

    // A period lasts longer than planned when no checkpoint is committed; then the judge reports that nothing was tested.
    private static readonly TimeSpan LongestWaitForCheckpoint = TimeSpan.FromSeconds(20);

    private readonly DemoOptions _options;
    private readonly IDemoProgress _progress;
    private readonly Random _random;
    private readonly DemoFigures _figures = new();
    private readonly RecoveryJudge _judge;
    private readonly SiloCluster _cluster;
    private readonly AcknowledgedLog _log;
    private readonly List<string> _failures = [];

    public DemoRun(DemoOptions options, IDemoProgress progress)
    {
        _options = options;
        _progress = progress;
        _random = new Random(options.Seed);
        _judge = new RecoveryJudge(options.Accounts, DemoOptions.OpeningCents);
        Directory.CreateDirectory(options.DataFolder);
        _log = AcknowledgedLog.Create(Path.Combine(options.DataFolder, "acknowledged.log"));
        _cluster = new SiloCluster(options.DataFolder, options.Silos);
    }

    public async Task<DemoReport> Run(CancellationToken cancellationToken)
    {
        _progress.Say(string.Create(
            CultureInfo.InvariantCulture,
            $"Bank of {_options.Accounts} accounts on {_options.Silos} silo processes, {_options.Callers} callers, {_options.Kills} kills, seed {_options.Seed}, data in {_options.DataFolder}."));
        await _cluster.Start(cancellationToken);
        await OpenAccounts(cancellationToken);
        for (var kill = 1; kill <= _options.Kills && _failures.Count == 0; kill++)
            await RunUntilKill(kill, cancellationToken);

        if (_failures.Count == 0)
            await RunToTheEnd(cancellationToken);

        return Report();
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        await _log.DisposeAsync();
    }

    private async Task OpenAccounts(CancellationToken cancellationToken)
    {
        using var bank = new BankClient(_cluster.Addresses);
        for (var account = 0; account < _options.Accounts; account++)
            await bank.OpenAccount(DemoOptions.OpeningCents, cancellationToken);

        for (var attempt = 1; attempt <= SetupCheckpointAttempts; attempt++)
        {
            var result = await bank.TakeCheckpoint();
            if (result is { Status: CheckpointStatus.Committed, LeftOut.Count: 0 } or { Status: CheckpointStatus.NothingToDo })
            {
                _progress.Say($"Opened {_options.Accounts} accounts with {DemoOptions.OpeningCents} cents each; checkpoint {result.Round} made them permanent.");
                return;
            }

            _progress.Say($"The first checkpoint was not committed: {result?.Reason} {result?.Detail}");
            await Task.Delay(TimeSpan.FromMilliseconds(250), cancellationToken);
        }

        throw new DemoFailedException("The accounts could not be made permanent: no checkpoint was committed.");
    }

    private async Task RunUntilKill(int kill, CancellationToken cancellationToken)
    {
        using (var bank = new BankClient(_cluster.Addresses))
        await using (var load = new TransferLoad(_options, kill, bank, _log, _judge, _figures))
        await using (var checkpoints = new CheckpointRequests(bank, _log, _judge, _figures))
        {
            load.Start(_random);
            checkpoints.Start(new Random(_random.Next()));

            var moment = await WaitForMoment(checkpoints, cancellationToken);
            await _log.Note($"kill {kill}");
            await _cluster.Kill(cancellationToken);
            _figures.Kills = kill;
            _progress.Say($"Kill {kill}: SIGKILL to all {_options.Silos} silos, {moment}.");
        }

        await _cluster.Start(cancellationToken);
        await Judge($"Recovery {kill}", crashed: true, cancellationToken);
    }

    private async Task RunToTheEnd(CancellationToken cancellationToken)
    {
        using (var bank = new BankClient(_cluster.Addresses))
        await using (var load = new TransferLoad(_options, _options.Kills + 1, bank, _log, _judge, _figures))
        await using (var checkpoints = new CheckpointRequests(bank, _log, _judge, _figures))
        {
            load.Start(_random);
            checkpoints.Start(new Random(_random.Next()));
            await Wait(_options.Period, cancellationToken);
            await WaitForFirstCheckpoint(checkpoints, cancellationToken);
        }

        await Judge("End", crashed: false, cancellationToken);
    }

    /// <summary>Every other kill aims at a round: it comes shortly after a checkpoint was asked for.</summary>
    private async Task<string> WaitForMoment(CheckpointRequests checkpoints, CancellationToken cancellationToken)
    {
        var aimed = _random.Next(2) == 0;
        var wait = _options.Period * (0.5 + (0.5 * _random.NextDouble()));
        var aim = _random.Next(LongestAimAfterRequestMilliseconds);
        await Wait(wait, cancellationToken);
        await WaitForFirstCheckpoint(checkpoints, cancellationToken);
        if (!aimed)
            return string.Create(CultureInfo.InvariantCulture, $"{wait.TotalSeconds:0.0} s into the period");

        await Task.WhenAny(checkpoints.NextAsked, Task.Delay(LongestWaitForCheckpoint, cancellationToken));
        await Task.Delay(aim, cancellationToken);
        return $"{aim} ms after a checkpoint was asked for";
    }

    private static async Task WaitForFirstCheckpoint(CheckpointRequests checkpoints, CancellationToken cancellationToken)
    {
        await Task.WhenAny(checkpoints.FirstCommitted, Task.Delay(LongestWaitForCheckpoint, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
    }

    private async Task Wait(TimeSpan time, CancellationToken cancellationToken)
    {
        var end = Environment.TickCount64 + (long)time.TotalMilliseconds;
        while (Environment.TickCount64 is var now && now < end)
        {
            await Task.Delay((int)Math.Min(200, end - now), cancellationToken);
            _progress.Show(_figures);
        }
    }

    private async Task Judge(string occasion, bool crashed, CancellationToken cancellationToken)
    {
        using var bank = new BankClient(_cluster.Addresses);
        var judgement = _judge.Judge(await bank.ReadBank(cancellationToken), crashed);
        if (crashed)
        {
            _figures.AcknowledgedBeforeKills += judgement.Acknowledged;
            _figures.Lost += judgement.Lost;
        }

        _failures.AddRange(judgement.Violations.Take(MostFailuresShown).Select(violation => $"{occasion}: {violation}"));
        if (judgement.Violations.Count > MostFailuresShown)
            _failures.Add($"{occasion}: and {judgement.Violations.Count - MostFailuresShown} more");

        _failures.AddRange(_figures.Complaints.Select(complaint => $"{occasion}: {complaint}"));
        var verdict = judgement.Violations.Count == 0 ? "consistent" : $"{judgement.Violations.Count} checks FAILED";
        _progress.Say(
            $"{occasion}: {verdict}; {judgement.Acknowledged} transfers acknowledged, {judgement.Rounds} rounds committed, "
            + $"{judgement.Lost} transfers lost (acknowledged after the last committed round began).");
        await _log.Note($"judged {occasion}: {verdict}");
        _progress.Show(_figures);
    }

    private DemoReport Report()
    {
        if (_figures.Aborted is { Length: > 0 } aborted)
            _progress.Say($"Checkpoints that were aborted: {aborted}.");

        if (_figures.LeftOut > 0)
            _progress.Say($"Grains left out of committed rounds, summed: {_figures.LeftOut}.");

        if (_figures.Unknown > 0)
            _progress.Say($"Transfers without an answer, which may or may not be there: {_figures.Unknown}.");

        return new DemoReport
        {
            Consistent = _failures.Count == 0,
            Kills = _figures.Kills,
            Rounds = _figures.Rounds,
            Participants = _figures.Participants,
            StableWrites = _figures.StableWrites,
            TransfersBeforeKill = _figures.AcknowledgedBeforeKills,
            TransfersLost = _figures.Lost,
            PauseMsP50 = _figures.PauseQuantile(0.50),
            PauseMsP99 = _figures.PauseQuantile(0.99),
            Seed = _options.Seed,
            Failures = _failures,
        };
    }
}

/// <summary>The demo could not be carried out.</summary>
internal sealed class DemoFailedException(string message) : Exception(message);
