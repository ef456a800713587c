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
        GrainsThere = Locate(victim, views);
        var moment = await period.WaitForMoment(cancellationToken);
        await scene.Log.Note($"kill of silo {place}");

        var loss = new SiloLoss(GrainsThere, DateTimeOffset.UtcNow);
        scene.Judge.SiloLost(loss);
        await scene.Cluster.Kill(place, cancellationToken);
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

    /// <summary>What is active there; and what is active nowhere, as it may begin there until the kill.</summary>
    private HashSet<string> Locate(SiloView victim, SiloView[] views)
    {
        var elsewhere = views.Where(view => view.Silo != victim.Silo).SelectMany(view => view.Grains).ToHashSet();
        var all = BankGrains.AllIds(scene.Options.Accounts).ToHashSet();
        scene.Figures.GrainsTotal += all.Count;
        return [.. victim.Grains, .. all.Where(grain => !elsewhere.Contains(grain))];
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
