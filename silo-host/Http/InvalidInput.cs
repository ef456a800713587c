namespace Checkpointing.SiloHost.Http;

/// <summary>The answer to input that is out of range: which field, and what it must be.</summary>
internal static class InvalidInput
{
    public static IResult Of(string field, string problem) => Of(new Dictionary<string, string[]> { [field] = [problem] });

    public static IResult Of(Dictionary<string, string[]> problems) =>
        Results.ValidationProblem(problems, detail: string.Join("; ", problems.Select(problem => $"{problem.Key} {string.Join(", ", problem.Value)}")) + ".");
}
