namespace Checkpointing.Runtime.Silos;

/// <summary>Waits for an answer of a call, for as long as its caller likes: the call itself ends by its own time-out.</summary>
internal static class Answers
{
    /// <summary>Whether it has come, or failed, within this time. A time-out that is the answer's own counts as an answer.</summary>
    public static async Task<bool> HasComeWithin(this Task answer, TimeSpan time, TimeProvider clock)
    {
        await answer.WaitAsync(time, clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        return answer.IsCompleted;
    }
}
