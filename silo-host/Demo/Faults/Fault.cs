namespace Checkpointing.SiloHost.Demo.Faults;

/// <summary>What the demo does to its silos.</summary>
internal enum Fault
{
    /// <summary>SIGKILL to one silo of several, which is replaced afterwards.</summary>
    SiloKill,

    /// <summary>SIGKILL to all silos at once, which are started again.</summary>
    ClusterKill,

    /// <summary>An orderly stop of each silo, one by one; each is replaced before the next.</summary>
    RollingRestart,
}
