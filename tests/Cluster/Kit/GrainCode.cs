namespace Checkpointing.Cluster.Tests.Kit;

/// <summary>Code of a test inside a grain, with the grain's own class.</summary>
internal static class GrainCode
{
    /// <summary>Runs the code as a handler of the grain.</summary>
    public static Task Do<T>(this IProbeGrain grain, Func<T, Task> code)
        where T : ProbeGrain
        => grain.Perform(Script.Of(self => code((T)self))).WithTimeLimit();

    public static Task Do<T>(this IProbeGrain grain, Action<T> code)
        where T : ProbeGrain
        => grain.Do<T>(self =>
        {
            code(self);
            return Task.CompletedTask;
        });

    /// <summary>Looks at the grain in a read-only handler, which leaves no trace.</summary>
    public static async Task<TResult> Look<T, TResult>(this IProbeGrain grain, Func<T, TResult> code)
        where T : ProbeGrain
    {
        TResult result = default!;
        await grain.Peek(Script.Of(self =>
        {
            result = code((T)self);
            return Task.CompletedTask;
        })).WithTimeLimit();
        return result;
    }
}
