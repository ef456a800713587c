namespace Checkpointing.Tests.Shared;

/// <summary>
/// What a test has counted or measured, for whoever reads the run: in the output of the test, and if CHECKPOINTING_REPORTS names a folder, in a file there
/// too. <c>.ci/run</c> prints those files at the end, also if all is green.
/// </summary>
internal static class Report
{
    private static readonly Lock Turn = new();

    public static void Write(string text)
    {
        var context = Xunit.TestContext.Current;
        context.TestOutputHelper?.WriteLine(text);
        if (Environment.GetEnvironmentVariable("CHECKPOINTING_REPORTS") is not { Length: > 0 } folder)
            return;

        var separator = text.Contains('\n', StringComparison.Ordinal) ? Environment.NewLine : " ";
        var report = $"{context.TestClass?.TestClassSimpleName}.{context.TestMethod?.MethodName}:{separator}{text.TrimEnd()}{Environment.NewLine}";
        lock (Turn)
            File.AppendAllText(Path.Combine(folder, $"{typeof(Report).Assembly.GetName().Name}.txt"), report);
    }
}
