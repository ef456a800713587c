namespace Checkpointing.Runtime.Calls;

/// <summary>
/// A call that was not run, because its callee rolls back or could not be reached, has had no effect: it is sent again under the same label, so that its chain
/// stays whole. It gives up when it has waited as long as a call may wait for its answer.
/// </summary>
internal sealed class RepeatedCall(CallOrigin origin, GrainId callee, TimeSpan limit, TimeProvider time)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(200);

    /// <summary>The first answer of an attempt that was run, or the last error of those that were not.</summary>
    public async Task<object?> Send(Func<ValueTask<object?>> attempt, Exception? lastError)
    {
        var started = time.GetTimestamp();
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            await Task.Delay(pause, time);
            if (origin.IsStopped)
                throw Undone.Caller(callee);

            try
            {
                var answer = await attempt();
                if (answer is not LabelledResponse { Fate: CallFate.NotRun } notRun)
                    return answer;

                lastError = notRun.Inner.Exception;
            }
            catch (Exception exception) when (Undone.IsRejection(exception))
            {
                lastError = exception;
            }

            if (time.GetElapsedTime(started) >= limit)
                throw lastError ?? Undone.NotRun(callee);
        }
    }
}
