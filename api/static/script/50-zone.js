// Where no time zone has been chosen, that of this browser is offered: one press of the arrow key or
// a double click puts it in.
{
  const field = document.querySelector("[data-zone]");
  if (field) {
    const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (here) {
      const list = document.createElement("datalist");
      list.id = "zones";
      list.append(new Option(here, here));
      field.after(list);
      field.setAttribute("list", list.id);
    }
  }
}
