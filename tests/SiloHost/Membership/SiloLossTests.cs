using System.Diagnostics;
using Checkpointing.SiloHost.Tests.Kit;

namespace Checkpointing.SiloHost.Tests.Membership;

/// <summary>Real silo processes, and SIGKILL: no silo is one that the others cannot do without.</summary>
public sealed class SiloLossTests
{
    /// <summary>Orleans' own providers ping the dead until they have missed their signs of life.</summary>
    private static readonly TimeSpan RestartLimit = TimeSpan.FromSeconds(45);

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task Three_silos_survive_the_loss_of_any_of_them_and_a_new_one_joins(int victim)
    {
        await using var silos = new SiloGroup("--detection-seconds", "3");
        RunningSilo[] started = [await silos.Start(), await silos.Start(), await silos.Start()];
        await silos.WaitUntilAllAgree();
        await silos.AssertAllServe();

        await silos.Kill(started[victim]);

        var detection = await silos.WaitUntilAllAgree();
        Report.Write($"The others knew of the death after {detection.TotalSeconds:0.0} s.");
        await silos.AssertAllServe();

        await silos.Start();
        await silos.WaitUntilAllAgree();
        await silos.AssertAllServe();
    }

    [Fact]
    public async Task A_cluster_that_was_killed_as_a_whole_comes_back_on_other_ports_and_waits_for_none_of_its_dead()
    {
        await using var silos = new SiloGroup();
        RunningSilo[] started = [await silos.Start(), await silos.Start()];
        await silos.WaitUntilAllAgree();
        foreach (var silo in started)
            await silos.Kill(silo);

        var watch = Stopwatch.StartNew();
        var first = await silos.Start();
        await silos.Start();
        await silos.WaitUntilAllAgree();

        Report.Write($"It took {watch.Elapsed.TotalSeconds:0.0} s.");
        Assert.DoesNotContain("ping", first.Output); // Orleans complains of members that do not answer.
        await silos.AssertAllServe();
    }

    /// <summary>Both at a time: most of it is waiting for membership.</summary>
    [Fact]
    public async Task Clusters_on_Redis_and_PostgreSQL_survive_the_loss_of_the_first_silo_and_come_back_from_the_loss_of_all_with_what_was_permanent()
    {
        await using var redis = await ServerProcess.StartRedis();
        await using var postgres = await ServerProcess.StartPostgres();
        await Task.WhenAll(LoseTheFirstAndThenAll("redis", redis), LoseTheFirstAndThenAll("postgres", postgres));
    }

    private static async Task LoseTheFirstAndThenAll(string clustering, ServerProcess server)
    {
        await using var silos = new SiloGroup("--clustering", clustering, "--connection", server.Connection, "--detection-seconds", "3");
        var first = await silos.Start();
        var second = await silos.Start();
        await silos.WaitUntilAllAgree();
        await silos.Kill(first);
        await silos.WaitUntilAllAgree();
        await silos.AssertAllServe();

        RunningSilo[] started = [second, await silos.Start()];
        await silos.WaitUntilAllAgree();
        for (var i = 0; i < 4; i++)
            await silos.AssertAllServe();

        await silos.MakePermanent();
        var balances = await silos.Balances();
        await Task.WhenAll(started.Select(silos.Kill));

        // What the table says of the dead is young: Orleans asks them for a sign of life until their last one is too old.
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(silos.Start(), silos.Start());
        await silos.WaitUntilAllAgree();
        var restart = watch.Elapsed;
        Report.Write($"{clustering}: it took {restart.TotalSeconds:0.0} s.");
        Assert.True(restart < RestartLimit, $"{clustering}: the restart took {restart}.");

        Assert.Equal(9, balances.Count);
        Assert.Equal(balances, await silos.Balances());
        await silos.AssertAllServe();
    }
}
