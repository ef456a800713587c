using System.Globalization;
using Checkpointing.SiloHost.Demo.Faults;
using Checkpointing.SiloHost.Demo.Judging;
using Checkpointing.SiloHost.Demo.Load;
using Checkpointing.SiloHost.Demo.Progress;
using Checkpointing.SiloHost.Demo.Silos;
using Checkpointing.SiloHost.Observation;

namespace Checkpointing.SiloHost.Demo;

/// <summary>
/// Runs a bank on silo processes under load, lets faults strike at random moments, and judges each recovery from outside. Every fault has a period of its
/// own: load, fault, recovery, and the judgement while nothing moves.
/// </summary>
internal sealed class DemoRun(DemoOptions options, IDemoProgress progress) : IAsyncDisposable
{
    private const int MostFailuresShown = 20;

    private readonly DemoScene _scene = new(options, progress);
    private readonly List<string> _failures = [];

    public async Task<DemoReport> Run(CancellationToken cancellationToken)
    {
        progress.Say(string.Create(
            CultureInfo.InvariantCulture,
            $"Bank of {options.Accounts} accounts in {options.Groups} groups on {options.Silos} silo processes, {options.Callers} callers; "
            + $"{options.SiloKills} kills of one silo, {options.ClusterKills} of all, {options.RollingRestarts} rolling restarts; seed {options.Seed}, data in {options.DataFolder}."));
        await _scene.Cluster.Start(cancellationToken);
        await Watched("Opening", () => OpenAccounts(cancellationToken));
        var period = 0;
        foreach (var fault in FaultPlan.Draw(options, _scene.Random))
        {
            if (_failures.Count == 0)
                await RunPeriod(++period, fault, cancellationToken);
        }

        if (_failures.Count == 0)
            await RunPeriod(++period, null, cancellationToken);

        return Report();
    }

    public ValueTask DisposeAsync() => _scene.DisposeAsync();

    /// <summary>Other errors are mistakes of the demo itself, and wanted with all they say.</summary>
    public static bool IsExpected(Exception error) =>
        error is DemoFailedException or SiloStartException or UnexpectedAnswerException or HttpRequestException or IOException or UnauthorizedAccessException or TaskCanceledException or TimeoutException;

    private async Task OpenAccounts(CancellationToken cancellationToken)
    {
        await Parallel.ForAsync(
            0,
            options.Accounts,
            new ParallelOptions { MaxDegreeOfParallelism = options.Callers, CancellationToken = cancellationToken },
            async (_, _) => await _scene.Bank.OpenAccount(DemoOptions.OpeningCents));

        if (await new Settlement(_scene).MakePermanent(cancellationToken) is { } problem)
            throw new DemoFailedException($"The accounts could not be made permanent: {problem}");

        progress.Say($"Opened {options.Accounts} accounts with {DemoOptions.OpeningCents} cents each, and made them permanent.");
    }

    private async Task RunPeriod(int number, Fault? fault, CancellationToken cancellationToken)
    {
        var occasion = fault is null ? "End" : $"Period {number}, {fault}";
        await Watched(occasion, () => StrikeAndJudge(number, fault, occasion, cancellationToken));
    }

    /// <summary>If a silo ends by itself meanwhile, that is named first, and what comes of it is not taken for a mistake of the demo.</summary>
    private async Task Watched(string occasion, Func<Task> step)
    {
        try
        {
            await step();
        }
        catch (Exception error) when (error is not OperationCanceledException && _scene.Cluster.EndedByItself() is not null)
        {
            _failures.Add($"{occasion}: {(IsExpected(error) ? error.Message : error)}");
        }

        if (_scene.Cluster.EndedByItself() is { } ended)
            _failures.Insert(0, $"{occasion}: {ended}");
    }

    private async Task StrikeAndJudge(int number, Fault? fault, string occasion, CancellationToken cancellationToken)
    {
        IReadOnlySet<string> lostGrains = new HashSet<string>();
        var recovered = true;
        await using (var period = new LoadPeriod(_scene, number))
        {
            period.Start();
            switch (fault)
            {
                case Fault.ClusterKill:
                    await new ClusterKill(_scene).Strike(period, cancellationToken);
                    break;
                case Fault.SiloKill:
                    var kill = new SiloKill(_scene);
                    recovered = await kill.Strike(period, cancellationToken);
                    lostGrains = kill.GrainsThere;
                    break;
                case Fault.RollingRestart:
                    await new RollingRestart(_scene).Strike(period, cancellationToken);
                    break;
                default:
                    await period.WaitUntilUnderWay(cancellationToken);
                    break;
            }

            if (recovered)
                await period.Finish();
        }

        if (recovered)
            await Judge(occasion, fault, lostGrains, cancellationToken);
        else
            _failures.AddRange(_scene.Figures.Complaints.Select(complaint => $"{occasion}: {complaint}"));
    }

    private async Task Judge(string occasion, Fault? fault, IReadOnlySet<string> lostGrains, CancellationToken cancellationToken)
    {
        // After a kill of everything there is nothing but permanent checkpoints. Otherwise what is there is live: first it must become permanent, as a whole.
        var problem = fault == Fault.ClusterKill ? null : await new Settlement(_scene).Settle(cancellationToken);
        if (problem is not null)
            _failures.Add($"{occasion}: {problem}");

        var rolledBack = await _scene.Views.TakeRolledBack(cancellationToken);
        var judgement = _scene.Judge.Judge(await _scene.Bank.ReadBank(), fault, rolledBack);
        Count(judgement, fault, rolledBack, lostGrains);
        _failures.AddRange(judgement.Violations.Take(MostFailuresShown).Select(violation => $"{occasion}: {violation}"));
        if (judgement.Violations.Count > MostFailuresShown)
            _failures.Add($"{occasion}: and {judgement.Violations.Count - MostFailuresShown} more");

        _failures.AddRange(_scene.Figures.Complaints.Select(complaint => $"{occasion}: {complaint}"));
        var verdict = _failures.Count == 0 ? "consistent" : $"{_failures.Count} checks FAILED";
        progress.Say(
            $"{occasion}: {verdict}; {judgement.Acknowledged} transfers acknowledged, {judgement.Rounds} rounds committed, "
            + $"{judgement.Lost} transfers lost, {rolledBack.Count} grains rolled back, {judgement.HadToRollBack} certainly had to.");
        await _scene.Log.Note($"judged {occasion}: {verdict}");
        progress.Show(_scene.Figures);
    }

    private void Count(Judgement judgement, Fault? fault, IReadOnlyCollection<RolledBackGrain> rolledBack, IReadOnlySet<string> lostGrains)
    {
        if (fault is Fault.ClusterKill or Fault.SiloKill)
        {
            _scene.Figures.AcknowledgedBeforeKills += judgement.Acknowledged;
            _scene.Figures.Lost += judgement.Lost;
        }

        _scene.Figures.GrainsThatHadToRollBack += judgement.HadToRollBack;
        if (fault == Fault.SiloKill)
            _scene.Figures.GrainsRolledBack += rolledBack.Select(grain => grain.Grain).Where(grain => !lostGrains.Contains(grain)).Distinct().Count();
    }

    private DemoReport Report()
    {
        var figures = _scene.Figures;
        if (figures.Aborted is { Length: > 0 } aborted)
            progress.Say($"Checkpoints that were aborted: {aborted}.");

        if (figures.LeftOut > 0)
            progress.Say($"Grains left out of committed rounds, summed: {figures.LeftOut}.");

        if (figures.Errors is { Length: > 0 } errors)
            progress.Say($"Errors that clients met, all of them to be repeated: {errors}.");

        if (figures.Unanswered > 0)
            progress.Say($"Transfers without an answer, which may or may not be there: {figures.Unanswered}.");

        return new DemoReport
        {
            Consistent = _failures.Count == 0,
            SiloKills = figures.SiloKills,
            ClusterKills = figures.ClusterKills,
            RollingRestarts = figures.RollingRestarts,
            GrainsRolledBack = figures.GrainsRolledBack,
            GrainsTotal = figures.GrainsTotal,
            DetectionMsP50 = figures.Detections.Of(0.50),
            RecoveryMsP50 = figures.Recoveries.Of(0.50),
            Rounds = figures.Rounds,
            Participants = figures.Participants,
            StableWrites = figures.StableWrites,
            TransfersBeforeKill = figures.AcknowledgedBeforeKills,
            TransfersLost = figures.Lost,
            PauseMsP50 = figures.Pauses.Of(0.50),
            PauseMsP99 = figures.Pauses.Of(0.99),
            Seed = options.Seed,
            Failures = _failures,
            GrainsThatHadToRollBack = figures.GrainsThatHadToRollBack,
        };
    }
}

/// <summary>The demo could not be carried out.</summary>
internal sealed class DemoFailedException(string message) : Exception(message);
