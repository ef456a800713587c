using System.Globalization;
using Checkpointing.SiloHost.Bank;
using Checkpointing.SiloHost.Demo.Judging;
using Checkpointing.SiloHost.Demo.Load;
using Checkpointing.SiloHost.Http;

namespace Checkpointing.SiloHost.Demo.Faults;

/// <summary>SIGKILL to one silo of several, under load, which goes on. When the others have recovered, the silo is replaced.</summary>
internal sealed class SiloKill(DemoScene scene)
{
    private static readonly TimeSpan LongestBeyondDetectionTime = TimeSpan.FromSeconds(20);

    // What a busy silo may take from hearing of a death to noting the time.
    private static readonly TimeSpan LongestToNote = TimeSpan.FromMilliseconds(250);

    /// <summary>The grains that were active on the silo that died.</summary>
    public IReadOnlySet<string> GrainsThere { get; private set; } = new HashSet<string>();

    /// <summary>False if something did not work that must work after the loss of a silo; the figures have a complaint then.</summary>
    public async Task<bool> Strike(LoadPeriod period, CancellationToken cancellationToken)
    {
        await period.WaitUntilUnderWay(cancellationToken);
        var views = await scene.Views.ByPlace(cancellationToken);
        var place = DrawPlace(views);
        var victim = views[place];
        scene.Figures.GrainsTotal += views.SelectMany(view => view.Grains).Distinct().Count();

        // Before the wait: afterwards it would spoil the aim. What this silo rolls back meanwhile is not seen.
        await scene.Views.NoteRolledBack(cancellationToken);
        var moment = await period.WaitForMoment(cancellationToken);
        await scene.Log.Note($"kill of silo {place}");

        var loss = Locate(victim, views);
        GrainsThere = loss.GrainsThere;
        scene.Judge.SiloLost(loss);
        await scene.Cluster.Kill(place, cancellationToken);
        scene.Judge.SiloGone();
        scene.Figures.SiloKills++;
        scene.Progress.Say($"SIGKILL to silo {place + 1} of {scene.Options.Silos} with {GrainsThere.Count} grains, {moment}.");

        if (!await WaitForDetection(victim.Silo, loss.KilledAt, cancellationToken))
            return false;

        var recovery = new RecoveryWatch(scene, period);
        if (await recovery.WaitUntilRecovered(cancellationToken) is { } problem)
        {
            scene.Figures.Complain(problem);
            return false;
        }

        var duration = DateTimeOffset.UtcNow - loss.KilledAt;
        scene.Judge.LossIsOver();
        scene.Figures.Recoveries.Add(duration);
        scene.Progress.Say(string.Create(CultureInfo.InvariantCulture, $"Everything works again {duration.TotalSeconds:0.0} s after the kill."));

        await scene.Cluster.Start(cancellationToken);
        await period.Wait(0.25, cancellationToken);
        return true;
    }

    /// <summary>The place of a random grain: after a rolling restart some silos have hardly any, and their loss would test little.</summary>
    private int DrawPlace(SiloView[] views)
    {
        var places = views.SelectMany((view, place) => Enumerable.Repeat(place, view.Grains.Count)).ToArray();
        return places[scene.Random.Next(places.Length)];
    }

    /// <summary>
    /// What may be there: what is active there; and what is active nowhere, as it may begin there until the kill. What is certainly there, or elsewhere, is on one silo: under load
    /// no grain is idle, and no silo stops, so none leaves its silo.
    /// </summary>
    private SiloLoss Locate(SiloView victim, SiloView[] views)
    {
        var silos = views.SelectMany(view => view.Grains.Select(grain => (grain, view.Silo))).ToLookup(found => found.grain, found => found.Silo);
        var onOne = silos.Where(found => found.Count() == 1).ToLookup(found => found.Single() == victim.Silo, found => found.Key);
        return new SiloLoss(
            BankGrains.AllIds(scene.Options.Accounts).Where(grain => silos[grain].Contains(victim.Silo) || !silos.Contains(grain)).ToHashSet(), DateTimeOffset.UtcNow)
        {
            CertainlyThere = onOne[true].ToHashSet(),
            Survivors = onOne[false].ToHashSet(),
        };
    }

    private async Task<bool> WaitForDetection(string silo, DateTimeOffset killedAt, CancellationToken cancellationToken)
    {
        var limit = scene.Options.DetectionTime + LongestBeyondDetectionTime;
        var views = await scene.Views.WaitUntil(views => views.All(view => view.Lost.Any(lost => lost.Silo == silo)), limit, cancellationToken);
        if (views is null)
        {
            scene.Figures.Complain(string.Create(CultureInfo.InvariantCulture, $"not all silos knew of the death of {silo} within {limit.TotalSeconds:0} s"));
            return false;
        }

        var noticed = views.Select(view => view.Lost.Single(lost => lost.Silo == silo).NoticedAt).ToArray();
        scene.Judge.LossNoticed(noticed.Min() - LongestToNote);
        var detection = noticed.Max() - killedAt;
        scene.Figures.Detections.Add(detection);
        scene.Progress.Say(string.Create(CultureInfo.InvariantCulture, $"The others knew of it after {detection.TotalSeconds:0.0} s."));
        return true;
    }
}
