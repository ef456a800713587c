using Checkpointing.Cluster.Tests.Kit;

namespace Checkpointing.Cluster.Tests.Outcomes;

/// <summary>What can become of a write besides success.</summary>
internal static class WriteFault
{
    /// <summary>It fails, and is not stored.</summary>
    public static Task Fails(Func<Task> write) => throw new IOException("no route to the store");

    /// <summary>It fails, but it is stored: the answer was lost.</summary>
    public static async Task FailsButLands(Func<Task> write)
    {
        await write();
        throw new IOException("the connection was lost");
    }

    /// <summary>It says that it has begun, waits for a signal and is then stored.</summary>
    public static Func<Func<Task>, Task> Waits(Signal begun, Signal goOn) => async write =>
    {
        begun.Set();
        await goOn.Happens;
        await write();
    };

    /// <summary>It says that it has begun, waits for a signal and is then lost.</summary>
    public static Func<Func<Task>, Task> WaitsAndFails(Signal begun, Signal goOn) => async _ =>
    {
        begun.Set();
        await goOn.Happens;
        throw new IOException("the request timed out");
    };
}
