namespace Checkpointing.SiloHost.Demo.Faults;

/// <summary>Which faults come, in which order.</summary>
internal static class FaultPlan
{
    private const int FewestClusterKills = 2;

    /// <summary>
    /// How many of this many kills are kills of the whole cluster, unless the user says it: about a third, but two if that leaves one of a single silo. All if there
    /// is only one silo.
    /// </summary>
    public static int UsualClusterKills(int kills, int silos) =>
        silos == 1 || kills == 0 ? kills : Math.Max((kills + 1) / 3, Math.Min(FewestClusterKills, kills - 1));

    /// <summary>
    /// How many rolling restarts go with these kills: one with every five, because it takes as long as several of them, and none if the user wants nothing but kills
    /// of all silos.
    /// </summary>
    public static int UsualRollingRestarts(int kills, int clusterKills) => clusterKills == kills ? 0 : kills / 5;

    public static IReadOnlyList<Fault> Draw(DemoOptions options, Random random)
    {
        Fault[] faults =
        [
            .. Enumerable.Repeat(Fault.SiloKill, options.SiloKills),
            .. Enumerable.Repeat(Fault.ClusterKill, options.ClusterKills),
            .. Enumerable.Repeat(Fault.RollingRestart, options.RollingRestarts),
        ];
        random.Shuffle(faults);
        return faults;
    }
}
