using System.Text.RegularExpressions;

namespace Checkpointing.Architecture.Tests;

/// <summary>The files of this repository, found from where the tests run.</summary>
internal static partial class Repository
{
    public static string Root { get; } = FindRoot(new DirectoryInfo(AppContext.BaseDirectory));

    /// <summary>Every C# source under these folders, without what builds produce.</summary>
    public static IEnumerable<string> Sources(params string[] folders) => folders
        .Select(folder => Path.Combine(Root, folder))
        .Where(Directory.Exists)
        .SelectMany(folder => Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories))
        .Where(file => !Produced().IsMatch(Relative(file)));

    public static IEnumerable<string> Projects(string folder) => Directory.EnumerateFiles(Path.Combine(Root, folder), "*.csproj", SearchOption.AllDirectories);

    /// <summary>What stands in the first column of the tables of a page, without headings.</summary>
    public static IEnumerable<string> FirstColumn(string page) => File.ReadLines(Path.Combine(Root, page))
        .Select(line => FirstCell().Match(line))
        .Where(cell => cell.Success)
        .Select(cell => cell.Groups["cell"].Value);

    /// <summary>Whether a test of this name, "Class.Method", exists.</summary>
    public static bool HasTest(string test)
    {
        var (type, method) = (test.Split('.')[0], test.Split('.')[1]);
        var pattern = $@"\[(?:Fact|Theory)\][^;{{}}]*\s{Regex.Escape(method)}\(";
        return Sources("tests").Any(file => Path.GetFileNameWithoutExtension(file) == type && Regex.IsMatch(File.ReadAllText(file), pattern));
    }

    public static string Relative(string file) => Path.GetRelativePath(Root, file).Replace('\\', '/');

    private static string FindRoot(DirectoryInfo? directory)
    {
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Checkpointing.sln")))
            directory = directory.Parent;

        return directory?.FullName ?? throw new InvalidOperationException("The tests do not run inside the repository.");
    }

    [GeneratedRegex(@"^\| (?<cell>[A-Z][A-Z0-9.-]*\d) \|")]
    private static partial Regex FirstCell();

    [GeneratedRegex("(^|/)(bin|obj)/")]
    private static partial Regex Produced();
}
