using Checkpointing.SiloHost.Demo.Load;

namespace Checkpointing.SiloHost.Demo.Faults;

/// <summary>SIGKILL to all silos at once, under load. All of them start again.</summary>
internal sealed class ClusterKill(DemoScene scene)
{
    public async Task Strike(LoadPeriod period, CancellationToken cancellationToken)
    {
        await period.WaitUntilUnderWay(cancellationToken);

        // Before the wait: afterwards it would spoil the aim.
        await scene.Views.NoteRolledBack(cancellationToken);
        var moment = await period.WaitForMoment(cancellationToken);
        await scene.Log.Note($"kill of all {scene.Options.Silos} silos");

        // Requests that the kill cuts off are not repeated: what the bank has of them is judged as it is.
        period.Transfers.GiveUp();
        await scene.Cluster.KillAll(cancellationToken);
        scene.Figures.ClusterKills++;
        scene.Progress.Say($"SIGKILL to all {scene.Options.Silos} silos, {moment}.");

        await period.Finish();
        await scene.Cluster.Start(cancellationToken);
    }
}
