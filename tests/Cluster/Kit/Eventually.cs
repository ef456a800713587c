namespace Checkpointing.Cluster.Tests.Kit;

/// <summary>For what nobody announces: looks again and again, but not for ever.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(25);

    public static Task Holds(Func<bool> condition) => Holds(() => Task.FromResult(condition()));

    public static async Task Holds(Func<Task<bool>> condition)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < Limit, $"It does not hold after {Limit}.");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }
}
