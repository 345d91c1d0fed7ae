def test_report_is_a_csv_file(function_client):
    response = function_client("report").get("/report?rows=2")
    assert response.headers["Content-Type"] == "text/csv"
    assert response.get_data(as_text=True) == "table,row,square\nreports,1,1\nreports,2,4\n"
