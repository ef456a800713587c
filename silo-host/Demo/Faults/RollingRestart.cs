using System.Diagnostics;
using System.Globalization;
using Checkpointing.SiloHost.Demo.Load;

namespace Checkpointing.SiloHost.Demo.Faults;

/// <summary>An orderly stop of each silo, one by one, under load. Each is replaced before the next one stops. Nothing may be lost.</summary>
internal sealed class RollingRestart(DemoScene scene)
{
    public async Task Strike(LoadPeriod period, CancellationToken cancellationToken)
    {
        await period.WaitUntilUnderWay(cancellationToken);
        for (var place = 0; place < scene.Options.Silos; place++)
        {
            await scene.Views.NoteRolledBack(cancellationToken);
            await scene.Log.Note($"stop of silo {place}");
            var watch = Stopwatch.StartNew();
            await scene.Cluster.Stop(place, cancellationToken);
            var stopped = watch.Elapsed;
            await scene.Cluster.Start(cancellationToken);
            scene.Progress.Say(string.Create(
                CultureInfo.InvariantCulture,
                $"Silo {place + 1} of {scene.Options.Silos} stopped in {stopped.TotalSeconds:0.0} s and was replaced in {(watch.Elapsed - stopped).TotalSeconds:0.0} s."));
        }

        scene.Figures.RollingRestarts++;
    }
}
