using Checkpointing.Cluster.Tests.Kit;
using Orleans.Storage;

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

    /// <summary>It hangs until the signal and is then stored, if the ETag still fits; says in the end whether it was.</summary>
    public static Func<Func<Task>, Task> Hangs(Signal goOn, TaskCompletionSource<bool> landed) => async write =>
    {
        await goOn.Happens;
        try
        {
            await write();
            landed.SetResult(true);
        }
        catch (InconsistentStateException)
        {
            landed.SetResult(false);
            throw;
        }
    };

    /// <summary>It says that it has begun, waits for a signal and is then lost.</summary>
    public static Func<Func<Task>, Task> WaitsAndFails(Signal begun, Signal goOn) => async _ =>
    {
        begun.Set();
        await goOn.Happens;
        throw new IOException("the request timed out");
    };
}
